#include <algorithm>
#include <array>
#include <iterator>

#include "cli/command.h"
#include "cli/commands/rows.h"

namespace leakscope::cli {

std::span<const Command> commands() {
  static const auto kCommands = std::to_array<Command>(
      {diagnose_command(), status_command(), record_command(), trace_command(), diff_command(), show_command(), doctor_command()});
  return kCommands;
}

std::span<const Flag> common_flags() {
  static constexpr auto kFlags = std::to_array<Flag>({
      {.name = "--output",
       .letter = 'o',
       .value = "FILE",
       .help = "write there instead of to standard output; the format is never guessed from the name",
       .fallback = {},
       .words = {}},
      {.name = "--force", .value = {}, .help = "replace FILE if it exists", .fallback = {}, .words = {}},
      {.name = "--format",
       .value = "FORMAT",
       .help = "text for people, json for scripts (docs/json.md), csv for tables",
       .fallback = "text",
       .words = "text|json|csv"},
      {.name = "--json", .value = {}, .help = "the same as --format json", .fallback = {}, .words = {}},
      {.name = "--no-color",
       .value = {},
       .help = "no colors; NO_COLOR in the environment does the same",
       .fallback = {},
       .words = {}},
      {.name = "--quiet",
       .letter = 'q',
       .value = {},
       .help = "no progress on standard error",
       .fallback = {},
       .words = {}},
      {.name = "--verbose",
       .letter = 'v',
       .value = {},
       .help = "everything that could not be seen, and all evidence",
       .fallback = {},
       .words = {}},
  });
  return kFlags;
}

std::vector<Flag> common_flags_of(const Command& command) {
  std::vector<Flag> flags;
  std::ranges::copy_if(common_flags(), std::back_inserter(flags), [&](const Flag& flag) {
    return std::ranges::find(command.flags, flag.name, &Flag::name) == command.flags.end();
  });
  return flags;
}

}  // namespace leakscope::cli
