#include "cli/parser.h"

#include <algorithm>
#include <deque>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace leakscope::cli {
namespace {

struct Binding {
  const Flag* flag;
  CLI::Option* option;
  std::vector<std::string> values;
};

std::string option_names(const Flag& flag) {
  return flag.letter == '\0' ? std::string(flag.name) : fmt::format("-{},{}", flag.letter, flag.name);
}

void bind(CLI::App& app, const Flag& flag, std::deque<Binding>& bindings) {
  Binding& binding = bindings.emplace_back(Binding{&flag, nullptr, {}});
  if (flag.value.empty()) {
    binding.option = app.add_flag(option_names(flag));
    return;
  }
  binding.option = app.add_option(option_names(flag), binding.values);
  if (flag.repeats) {
    binding.option->expected(1, 4096);
  } else {
    // Without the last word CLI11 takes what follows the value, too: the positionals.
    binding.option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)->allow_extra_args(false);
  }
}

Result<> check_words(const Command& command, const Flag& flag, const std::vector<std::string>& values) {
  if (flag.words.empty()) return {};
  for (const std::string& value : values) {
    bool known = false;
    for (std::string_view rest = flag.words; !rest.empty() && !known;) {
      const std::size_t bar = std::min(rest.find('|'), rest.size());
      known = rest.substr(0, bar) == value;
      rest.remove_prefix(std::min(bar + 1, rest.size()));
    }
    if (!known) {
      return fail(Error::Kind::kUsage, fmt::format("leakscope {}", command.name),
                  fmt::format("{} takes {}, got '{}'", flag.name, flag.words, value));
    }
  }
  return {};
}

}  // namespace

Result<Arguments> Parser::parse(const Command& command, std::span<const std::string> words) {
  CLI::App app;
  app.set_help_flag();
  app.allow_windows_style_options(false);
  std::deque<Binding> bindings;
  for (const Flag& flag : command.flags) bind(app, flag, bindings);
  const std::vector<Flag> common = common_flags_of(command);
  for (const Flag& flag : common) bind(app, flag, bindings);
  Arguments arguments;
  if (command.most_positionals > 0) {
    app.add_option(std::string(command.positional), arguments.positionals_)
        ->expected(0, static_cast<int>(command.most_positionals));
  }
  std::vector<std::string> behind;
  try {
    // What stands behind "--" is taken as it is: CLI11 would look for options among it.
    const auto dashes = command.takes_command ? std::ranges::find(words, "--") : words.end();
    std::vector<std::string> reversed(words.begin(), dashes);
    std::ranges::reverse(reversed);
    if (dashes != words.end()) behind.assign(dashes + 1, words.end());
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return fail(Error::Kind::kUsage, fmt::format("leakscope {}", command.name), error.what(),
                fmt::format("See: leakscope {} --help", command.name));
  }
  arguments.positionals_.insert(arguments.positionals_.end(), behind.begin(), behind.end());
  for (Binding& binding : bindings) {
    if (binding.option->count() == 0) continue;
    // CLI11 reads "--json=no" as a switch that is off; it is a mistake.
    const auto& given = binding.option->results();
    if (binding.flag->value.empty() &&
        std::ranges::any_of(given, [](const std::string& word) { return word != "true"; })) {
      return fail(Error::Kind::kUsage, fmt::format("leakscope {}", command.name),
                  fmt::format("{} takes no value", binding.flag->name));
    }
    if (auto known = check_words(command, *binding.flag, binding.values); !known) return std::unexpected(known.error());
    arguments.values_.emplace(binding.flag->name, std::move(binding.values));
  }
  return arguments;
}

std::optional<std::string> Arguments::value(std::string_view flag) const {
  const auto found = values_.find(flag);
  if (found == values_.end() || found->second.empty()) return std::nullopt;
  return found->second.back();
}

std::vector<std::string> Arguments::values(std::string_view flag) const {
  const auto found = values_.find(flag);
  return found == values_.end() ? std::vector<std::string>{} : found->second;
}

}  // namespace leakscope::cli
