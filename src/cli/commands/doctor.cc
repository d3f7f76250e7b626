#include "session/doctor.h"

#include <array>

#include "cli/commands/rows.h"
#include "cli/interrupt.h"
#include "cli/live_flags.h"
#include "cli/output.h"

namespace leakscope::cli {
namespace {

constexpr auto kFlags = std::to_array<Flag>({
    kNoBpfFlag,
    kRootFlag,
});

constexpr auto kExamples = std::to_array<Example>({
    {"leakscope doctor", "what can be seen here, and how to see the rest"},
    {"leakscope doctor --json", "the same, for a script"},
});

Result<ExitCode> run(const Arguments& arguments) {
  if (auto writable = check_output(arguments); !writable) return std::unexpected(writable.error());
  const session::SourceOptions options = live_sources(arguments);
  auto stop = session::StopFlag::make();
  if (!stop) return std::unexpected(stop.error());
  const InterruptGuard guard(*stop);
  const auto document = session::examine(options, *stop);
  if (!document) return std::unexpected(document.error());
  if (auto written = write_document(arguments, *document); !written) return std::unexpected(written.error());
  return ExitCode::kNothingLeaks;
}

}  // namespace

Command doctor_command() {
  return {.name = "doctor",
          .summary = "what this machine lets us see, and the exact command that opens the rest",
          .description =
              "Tries every source and every capability once and says of each: ok, absent or denied, why, and what "
              "would open "
              "it. It changes nothing: BPF program types are probed by loading an empty program and closing it.",
          .positional = {},
          .flags = kFlags,
          .examples = kExamples,
          .exit_codes = "0; 2 error",
          .run = run};
}

}  // namespace leakscope::cli
