#include "cli/program.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include <fmt/format.h>

#include "base/printable.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/parser.h"

namespace leakscope::cli {
namespace {

int exit_with(const Error& error) {
  const std::string text = fmt::format("leakscope: {}\n", printable(to_string(error)));
  const auto written = write_all(STDERR_FILENO, text, "standard error");
  (void)written.has_value();  // nowhere left to complain
  return static_cast<int>(ExitCode::kError);
}

int print(const std::string& text) {
  const auto written = write_all(STDOUT_FILENO, text, "standard output");
  return written ? 0 : exit_with(written.error());
}

bool asks_for_help(std::span<const std::string> words) {
  // What stands behind "--" is somebody else's command.
  const auto own = words.first(static_cast<std::size_t>(std::ranges::find(words, "--") - words.begin()));
  return std::ranges::any_of(own, [](const std::string& word) { return word == "--help" || word == "-h"; });
}

/// A file opened later must not become 0, 1 or 2 because we were started without these: what is said on standard error
/// would be written into it. The place holders refuse what a closed descriptor would refuse.
void occupy_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is this one, since those below are open.
    [[maybe_unused]] const int opened = ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

const Command* find_command(std::string_view name) {
  const auto all = commands();
  const auto found = std::ranges::find(all, name, &Command::name);
  return found == all.end() ? nullptr : &*found;
}

/// A command that findings already name as the next step, and that is still to come.
struct Coming {
  std::string_view command;
  std::string_view meanwhile;
};

constexpr auto kComing = std::to_array<Coming>({
    {"scan", "Until then: leakscope status --pid PID"},
    {"inspect", "Until then: leakscope status --pid PID"},
    {"run", "Until then: leakscope diagnose --rounds 10 -- COMMAND"},
});

Error no_such_command(std::string_view name) {
  const auto coming = std::ranges::find(kComing, name, &Coming::command);
  if (coming != kComing.end()) {
    return {Error::Kind::kUsage, fmt::format("leakscope {}", name), 0, "not in this version yet",
            std::string(coming->meanwhile)};
  }
  return {Error::Kind::kUsage, {}, 0, fmt::format("there is no command '{}'", name), "See: leakscope --help"};
}

}  // namespace

int run_program(std::span<const std::string> words) {
  occupy_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);
  if (words.empty()) {
    const auto written = write_all(STDERR_FILENO, program_help(), "standard error");
    (void)written.has_value();  // nowhere left to complain
    return static_cast<int>(ExitCode::kError);
  }
  const std::string& first = words.front();
  if (first == "--version" || first == "-V") return print("leakscope " LEAKSCOPE_VERSION "\n");
  if (first == "--completion") {
    if (words.size() == 2 && words[1] == "bash") return print(bash_completion());
    return exit_with({Error::Kind::kUsage, {}, 0, "--completion wants a shell: bash", {}});
  }
  if (first == "--help" || first == "-h" || first == "help") {
    const Command* asked = words.size() > 1 ? find_command(words[1]) : nullptr;
    return print(asked == nullptr ? program_help() : command_help(*asked));
  }
  const Command* command = find_command(first);
  if (command == nullptr) return exit_with(no_such_command(first));
  const auto rest = words.subspan(1);
  if (asks_for_help(rest)) return print(command_help(*command));
  const auto arguments = Parser::parse(*command, rest);
  if (!arguments) return exit_with(arguments.error());
  const auto code = command->run(*arguments);
  return code ? static_cast<int>(*code) : exit_with(code.error());
}

}  // namespace leakscope::cli
