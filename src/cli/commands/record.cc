#include "session/record.h"

#include <malloc.h>
#include <sys/stat.h>
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
#include "session/snapshot.h"

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
    {.name = "--snapshot",
     .value = "DIR",
     .help = "no recording: write the plain files of this moment into a new folder",
     .fallback = {},
     .words = {}},
    {.name = "--redact",
     .value = {},
     .help = "replace names (processes, cgroups, paths, hosts, users) by stable pseudonyms",
     .fallback = {},
     .words = {}},
    {.name = "--redact-key",
     .value = "FILE",
     .help = "make the pseudonyms with this key, so that several runs have the same",
     .fallback = "a random key",
     .words = {}},
    kNoBpfFlag,
    kRootFlag,
});

constexpr auto kExamples = std::to_array<Example>({
    {"leakscope record -o night.lsr --for 8h", "record until the morning; then: leakscope diagnose --from night.lsr"},
    {"leakscope record -o /var/log/leakscope.lsr --max-size 64MiB", "keep the last days, for ever"},
    {"leakscope record -o - --for 10m | ssh host 'cat > here.lsr'", "stream it elsewhere"},
    {"leakscope record --snapshot before",
     "files of one moment; later another, then: leakscope diagnose --from before after"},
});

/// What was recorded without pseudonyms would stand beside them.
Result<> check_redacted_output(const std::string& output, bool force) {
  struct stat status{};
  const bool exists = output != "-" && ::stat(output.c_str(), &status) == 0 && S_ISREG(status.st_mode);
  if (!exists || status.st_size == 0 || force) return {};
  return fail(Error::Kind::kUsage, output, "exists, and --redact does not reach what it holds already",
              "Name a new file, or add --force to replace it");
}

Result<session::RecordOptions> options_from(const Arguments& arguments) {
  session::RecordOptions options;
  options.sources = live_sources(arguments);
  options.force = arguments.has("--force");
  const auto output = arguments.value("--output");
  if (!output) {
    return fail(Error::Kind::kUsage, "leakscope record", "needs to know where to",
                "Add -o FILE, or -o - for standard output, or --snapshot DIR");
  }
  // What the shell's users know as another word for it; as a file it would be a symbolic link.
  options.output = *output == "/dev/stdout" ? "-" : *output;
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
  options.redact_key = arguments.value("--redact-key");
  options.redact = arguments.has("--redact") || options.redact_key.has_value();
  if (options.redact) {
    if (auto checked = check_redacted_output(options.output, options.force); !checked)
      return std::unexpected(checked.error());
  }
  return options;
}

void show_progress(ProgressLine& line, const session::RecordProgress& progress) {
  std::string text = fmt::format("recording {}   {} samples   {}   {} subjects", to_human(progress.elapsed),
                                 progress.samples, to_human(progress.written), progress.subjects);
  if (progress.available) text += fmt::format("   available {}", to_human(*progress.available));
  if (progress.change)
    text += fmt::format(" ({}{})", progress.change->count() > 0 ? "+" : "", to_human(*progress.change));
  if (progress.dropped > 0) text += fmt::format("   LOST {} samples", progress.dropped);
  if (!progress.trouble.empty()) text += fmt::format("   NOT WRITING: {}", progress.trouble);
  line.show(text);
}

/// A recorder runs for months in 32 MiB: no arena for each of its threads, and large buffers go back to the kernel.
void keep_the_heap_small() {
  ::mallopt(M_ARENA_MAX, 2);
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
}

Result<ExitCode> run_snapshot(const Arguments& arguments) {
  for (const char* flag : {"--output", "--interval", "--for", "--max-size", "--force"}) {
    if (arguments.has(flag)) {
      return fail(Error::Kind::kUsage, "leakscope record", fmt::format("{} makes no sense with --snapshot", flag));
    }
  }
  session::TakeSnapshotOptions options;
  options.root = live_sources(arguments).root;
  options.directory = *arguments.value("--snapshot");
  options.redact_key = arguments.value("--redact-key");
  options.redact = arguments.has("--redact") || options.redact_key.has_value();
  const auto taken = session::take_snapshot(options);
  if (!taken) return std::unexpected(taken.error());
  if (arguments.has("--quiet")) return ExitCode::kNothingLeaks;
  std::string text =
      printable(fmt::format("{} files, {} in {}. Judge it with another: leakscope diagnose --from {} OTHER",
                            taken->files, to_human(taken->size), options.directory, options.directory)) +
      "\n";
  for (const std::string& missing : taken->missing) text += "missing: " + printable(missing) + "\n";
  const auto said = write_all(STDERR_FILENO, text, "standard error");
  (void)said.has_value();  // the snapshot is whole, whoever listens
  return ExitCode::kNothingLeaks;
}

Result<ExitCode> run(const Arguments& arguments) {
  if (arguments.has("--snapshot")) return run_snapshot(arguments);
  keep_the_heap_small();
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
              "A file that is a recording already is continued. With --snapshot it writes the files of /proc and /sys "
              "that all sources read, once, as they are.",
          .positional = {},
          .flags = kFlags,
          .examples = kExamples,
          .exit_codes = "0, also after Ctrl-C; 2 error",
          .run = run};
}

}  // namespace leakscope::cli
