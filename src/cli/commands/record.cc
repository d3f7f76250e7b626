#include "session/record.h"

#include <unistd.h>

#include <array>

#include <fmt/format.h>

#include "base/printable.h"
#include "cli/commands/rows.h"
#include "cli/interrupt.h"
#include "cli/live_flags.h"
#include "cli/output.h"
#include "cli/progress_line.h"
#include "cli/values.h"

namespace leakscope::cli {
namespace {

constexpr auto kFlags = std::to_array<Flag>({
    {.name = "--interval", .value = "DURATION", .help = "time between two samples", .fallback = "5s", .words = {}},
    {.name = "--for", .value = "DURATION", .help = "stop after this time", .fallback = "until Ctrl-C", .words = {}},
    {.name = "--max-size",
     .value = "SIZE",
     .help = "keep the file below this: old parts are thinned, then dropped",
     .fallback = "no limit",
     .words = {}},
    kNoBpfFlag,
    kRootFlag,
});

constexpr auto kExamples = std::to_array<Example>({
    {"leakscope record -o night.lsr --for 8h", "record until the morning; then: leakscope diagnose --from night.lsr"},
    {"leakscope record -o /var/log/leakscope.lsr --max-size 64MiB", "keep the last days, for ever"},
    {"leakscope record -o - --for 10m | ssh host 'cat > here.lsr'", "stream it elsewhere"},
});

Result<session::RecordOptions> options_from(const Arguments& arguments) {
  session::RecordOptions options;
  options.sources = live_sources(arguments);
  options.force = arguments.has("--force");
  const auto output = arguments.value("--output");
  if (!output) {
    return fail(Error::Kind::kUsage, "leakscope record", "needs to know where to",
                "Add -o FILE, or -o - for standard output");
  }
  options.output = *output;
  if (options.output == "-" && ::isatty(STDOUT_FILENO) == 1) {
    return fail(Error::Kind::kUsage, "leakscope record", "will not write a recording to a terminal",
                "Add -o FILE, or pipe it");
  }
  const auto interval = parse_duration(arguments.value("--interval").value_or("5s"));
  if (!interval) return std::unexpected(interval.error());
  if (*interval < std::chrono::milliseconds(10))
    return fail(Error::Kind::kUsage, "leakscope record", "--interval must be at least 10ms");
  options.interval = *interval;
  if (const auto text = arguments.value("--for")) {
    const auto duration = parse_duration(*text);
    if (!duration) return std::unexpected(duration.error());
    options.duration = *duration;
  }
  if (const auto text = arguments.value("--max-size")) {
    const auto size = parse_size(*text);
    if (!size) return std::unexpected(size.error());
    options.max_size = *size;
  }
  return options;
}

void show_progress(ProgressLine& line, const session::RecordProgress& progress) {
  std::string text = fmt::format("recording {}   {} samples   {}   {} subjects", to_human(progress.elapsed),
                                 progress.samples, to_human(progress.written), progress.subjects);
  if (progress.available) text += fmt::format("   available {}", to_human(*progress.available));
  if (progress.change)
    text += fmt::format(" ({}{})", progress.change->count() > 0 ? "+" : "", to_human(*progress.change));
  if (!progress.trouble.empty()) text += fmt::format("   NOT WRITING: {}", progress.trouble);
  line.show(text);
}

Result<ExitCode> run(const Arguments& arguments) {
  auto options = options_from(arguments);
  if (!options) return std::unexpected(std::move(options.error()));
  auto stop = session::StopFlag::make();
  if (!stop) return std::unexpected(stop.error());
  const InterruptGuard guard(*stop);
  ProgressLine line(arguments.has("--quiet"));
  session::RecordCallback callback;
  if (line.is_visible()) callback = [&](const session::RecordProgress& progress) { show_progress(line, progress); };
  const auto summary = session::record(*options, *stop, callback);
  line.clear();
  if (!summary) return std::unexpected(summary.error());
  if (!arguments.has("--quiet")) {
    std::string text =
        fmt::format("{} samples over {}, {}", summary->samples, to_human(summary->length), to_human(summary->written));
    if (options->output != "-")
      text += fmt::format(" in {}. Judge it: leakscope diagnose --from {}", options->output, options->output);
    text = printable(text) + "\n";
    for (const std::string& note : summary->notes) text += printable(note) + "\n";
    const auto said = write_all(STDERR_FILENO, text, "standard error");
    (void)said.has_value();  // the recording is whole, whoever listens
  }
  return ExitCode::kNothingLeaks;
}

}  // namespace

Command record_command() {
  return {.name = "record",
          .summary = "keep samples: a recording, to judge later or elsewhere",
          .description =
              "Writes what all sources see into one compact file. Killed at any moment it loses at most the last 30 "
              "seconds. "
              "A file that is a recording already is continued.",
          .positional = {},
          .flags = kFlags,
          .examples = kExamples,
          .exit_codes = "0, also after Ctrl-C; 2 error",
          .run = run};
}

}  // namespace leakscope::cli
