#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace leakscope::cli {

/// One option of a command, as data: the parser, the help, the completion and the docs all read it.
struct Flag {
  std::string_view name;      ///< "--for"
  char letter = '\0';         ///< 'o' for -o; none by default
  std::string_view value;     ///< "DURATION"; empty: a switch
  std::string_view help;      ///< one clause
  std::string_view fallback;  ///< what holds without it, for the help; empty: nothing to say
  std::string_view words;     ///< "text|json": the values it takes, when they are few
  bool repeats = false;       ///< may be given more than once, and take several values at once
};

struct Example {
  std::string_view command;
  std::string_view shows;
};

/// What the user typed, sorted by the rows of the command.
class Arguments {
 public:
  [[nodiscard]] bool has(std::string_view flag) const { return values_.contains(flag); }
  /// The last value given for the flag.
  [[nodiscard]] std::optional<std::string> value(std::string_view flag) const;
  [[nodiscard]] std::vector<std::string> values(std::string_view flag) const;
  [[nodiscard]] const std::vector<std::string>& positionals() const { return positionals_; }

 private:
  friend class Parser;
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::vector<std::string> positionals_;
};

/// The exit codes of DESIGN, for every command but `run`.
enum class ExitCode : int {
  kNothingLeaks = 0,  ///< or the command has nothing to judge
  kLeak = 1,          ///< a leak or a suspicion
  kError = 2,         ///< usage or runtime error
  kCannotTell = 3,    ///< nothing at all could be judged
};

/// One subcommand as a row of data.
struct Command {
  std::string_view name;
  std::string_view summary;      ///< for the list of commands: what it answers
  std::string_view description;  ///< a paragraph for its own help
  std::string_view positional;   ///< "PID"; empty: takes none
  std::size_t most_positionals = 0;
  bool takes_command = false;   ///< what stands behind "--" is another program's command: the positionals
  std::span<const Flag> flags;  ///< beside the common ones; one of the same name stands in place of the common one
  std::span<const Example> examples;
  std::string_view exit_codes;  ///< one line
  Result<ExitCode> (*run)(const Arguments&);
};

/// All commands, in the order of the help.
[[nodiscard]] std::span<const Command> commands();
/// Options that every command takes.
[[nodiscard]] std::span<const Flag> common_flags();
/// Those of them that the command has no flag of its own for.
[[nodiscard]] std::vector<Flag> common_flags_of(const Command& command);

}  // namespace leakscope::cli
