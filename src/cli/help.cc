#include "cli/help.h"

#include <algorithm>

#include <fmt/format.h>

namespace leakscope::cli {
namespace {

constexpr std::size_t kWidth = 100;

std::string left_side(const Flag& flag) {
  std::string text =
      flag.letter == '\0' ? fmt::format("    {}", flag.name) : fmt::format("-{}, {}", flag.letter, flag.name);
  if (!flag.words.empty() && flag.words.size() < 20) {
    text += fmt::format(" {}", flag.words);
  } else if (!flag.value.empty()) {
    text += fmt::format(" {}", flag.value);
  }
  if (flag.repeats) text += "...";
  return text;
}

/// Words wrapped at the width, each line behind the first indented.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t first_column) {
  std::string out;
  std::size_t column = first_column;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    if (column > indent && column + 1 + word.size() > kWidth) {
      out += fmt::format("\n{:{}}", "", indent);
      column = indent;
    } else if (column > first_column || !out.empty()) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
}

std::string flag_rows(std::span<const Flag> flags) {
  std::size_t width = 0;
  for (const Flag& flag : flags) width = std::max(width, left_side(flag).size());
  std::string out;
  for (const Flag& flag : flags) {
    std::string help(flag.help);
    if (flag.words.size() >= 20) help += fmt::format(" ({})", flag.words);
    if (!flag.fallback.empty()) help += fmt::format(" [{}]", flag.fallback);
    out += fmt::format("  {:<{}}  {}\n", left_side(flag), width, wrapped(help, width + 4, width + 4));
  }
  return out;
}

}  // namespace

std::string program_help() {
  std::string out =
      "leakscope finds where a Linux machine's memory leaks, in the kernel and in user space.\n\n"
      "Usage: leakscope COMMAND [OPTIONS]\n\nCommands:\n";
  std::size_t width = 0;
  for (const Command& command : commands()) width = std::max(width, command.name.size());
  for (const Command& command : commands()) out += fmt::format("  {:<{}}  {}\n", command.name, width, command.summary);
  out +=
      "\nBegin here:\n"
      "  leakscope diagnose --for 60s   is it leaking, who, how fast, what next\n"
      "  leakscope status               where every byte of RAM is now\n\n"
      "Exit codes: 0 nothing leaks, or nothing to judge; 1 a leak or a suspicion; 2 error; 3 cannot tell\n"
      "More: leakscope COMMAND --help; leakscope --version; leakscope --completion bash\n";
  return out;
}

std::string command_help(const Command& command) {
  std::string out = fmt::format("leakscope {}: {}\n\n{}\n\nUsage: leakscope {} [OPTIONS]{}{}\n", command.name,
                                command.summary, wrapped(command.description, 0, 0), command.name,
                                command.positional.empty() ? "" : " ", command.positional);
  if (!command.flags.empty()) out += fmt::format("\nOptions:\n{}", flag_rows(command.flags));
  out += fmt::format("\nOutput:\n{}", flag_rows(common_flags_of(command)));
  out += fmt::format("\nExit codes: {}\n", command.exit_codes);
  if (!command.examples.empty()) out += "\nExamples:\n";
  for (const Example& example : command.examples)
    out += fmt::format("  {}\n      {}\n", example.command, example.shows);
  return out;
}

std::string bash_completion() {
  std::string names;
  for (const Command& command : commands()) names += fmt::format("{}{}", names.empty() ? "" : " ", command.name);
  std::string out = fmt::format(
      "# bash completion of leakscope\n"
      "_leakscope() {{\n"
      "  local word=\"${{COMP_WORDS[COMP_CWORD]}}\"\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"{} --help --version\" -- \"$word\"))\n"
      "    return\n"
      "  fi\n"
      "  local flags=\"\"\n"
      "  case \"${{COMP_WORDS[1]}}\" in\n",
      names);
  for (const Command& command : commands()) {
    out += fmt::format("    {}) flags=\"", command.name);
    for (const Flag& flag : command.flags) out += fmt::format("{} ", flag.name);
    for (const Flag& flag : common_flags_of(command)) out += fmt::format("{} ", flag.name);
    out += "\" ;;\n";
  }
  out +=
      "  esac\n"
      "  case \"$word\" in\n"
      "    -*) COMPREPLY=($(compgen -W \"$flags\" -- \"$word\")) ;;\n"
      "    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
      "  esac\n"
      "}\n"
      "complete -F _leakscope leakscope\n";
  return out;
}

}  // namespace leakscope::cli
