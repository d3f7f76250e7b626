#include "session/diagnose.h"

#include <array>

#include <fmt/format.h>

#include "cli/commands/rows.h"
#include "cli/interrupt.h"
#include "cli/live_flags.h"
#include "cli/output.h"
#include "cli/progress_line.h"
#include "cli/values.h"

namespace leakscope::cli {
namespace {

constexpr auto kFlags = std::to_array<Flag>({
    {.name = "--for",
     .value = "DURATION",
     .help = "how long to watch the live machine",
     .fallback = "60s",
     .words = {}},
    {.name = "--interval", .value = "DURATION", .help = "time between two samples", .fallback = "1s", .words = {}},
    {.name = "--from",
     .value = "FILE",
     .help = "judge recordings made by `leakscope record` instead of the live machine; '-' is standard input",
     .fallback = {},
     .words = {},
     .repeats = true},
    kNoBpfFlag,
    kRootFlag,
});

constexpr auto kExamples = std::to_array<Example>({
    {"leakscope diagnose --for 60s", "watch this machine for a minute and say whether it leaks"},
    {"leakscope diagnose --for 2h --json -o verdict.json", "a certain verdict (an hour and more), for a script"},
    {"leakscope diagnose --from night.lsr", "judge what `leakscope record` wrote"},
});

void show_progress(ProgressLine& line, const session::Progress& progress, std::string& so_far) {
  if (progress.interim != nullptr)
    so_far = fmt::format("   so far: {}", findings::to_string(progress.interim->verdict));
  line.show(fmt::format("watching {} of {}   {} samples{}   (Ctrl-C judges what there is)", to_human(progress.elapsed),
                        to_human(progress.duration), progress.samples, so_far));
}

Result<report::Document> diagnose(const Arguments& arguments) {
  if (arguments.has("--from")) {
    for (const char* flag : {"--for", "--interval", "--root", "--no-bpf"}) {
      if (arguments.has(flag)) {
        return fail(Error::Kind::kUsage, "leakscope diagnose", fmt::format("{} makes no sense with --from", flag));
      }
    }
    return session::diagnose_recordings(arguments.values("--from"), {});
  }
  session::DiagnoseOptions options;
  options.sources = live_sources(arguments);
  const auto duration = parse_duration(arguments.value("--for").value_or("60s"));
  if (!duration) return std::unexpected(duration.error());
  const auto interval = parse_duration(arguments.value("--interval").value_or("1s"));
  if (!interval) return std::unexpected(interval.error());
  if (*interval < std::chrono::milliseconds(10) || *interval > *duration) {
    return fail(Error::Kind::kUsage, "leakscope diagnose", "--interval must be at least 10ms and no longer than --for");
  }
  options.duration = *duration;
  options.interval = *interval;
  auto stop = session::StopFlag::make();
  if (!stop) return std::unexpected(stop.error());
  const InterruptGuard guard(*stop);
  ProgressLine line(arguments.has("--quiet"));
  std::string so_far;
  session::ProgressCallback callback;
  if (line.is_visible()) callback = [&](const session::Progress& progress) { show_progress(line, progress, so_far); };
  return session::diagnose_live(options, *stop, callback);
}

Result<ExitCode> run(const Arguments& arguments) {
  if (auto writable = check_output(arguments); !writable) return std::unexpected(writable.error());
  const auto document = diagnose(arguments);
  if (!document) return std::unexpected(document.error());
  if (auto written = write_document(arguments, *document); !written) return std::unexpected(written.error());
  return exit_code_for(*document);
}

}  // namespace

Command diagnose_command() {
  return {
      .name = "diagnose",
      .summary = "is it leaking? where, how fast, until when, on what evidence, what next",
      .description =
          "Watches the machine (or reads recordings), tests every series of memory and of countable things for growth "
          "that noise, caches, load and warm-up do not explain, and says what leaks, whether the kernel or a program "
          "has it, how fast, and what to do next. A short window can only suspect: it takes an hour, or rounds, to "
          "call a growth a leak.",
      .positional = {},
      .flags = kFlags,
      .examples = kExamples,
      .exit_codes = "0 clean; 1 a leak or a suspicion; 2 error; 3 nothing could be judged",
      .run = run};
}

}  // namespace leakscope::cli
