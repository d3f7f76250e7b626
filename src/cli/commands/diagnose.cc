#include "session/diagnose.h"

#include <unistd.h>

#include <array>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "cli/commands/rows.h"
#include "cli/interrupt.h"
#include "cli/live_flags.h"
#include "cli/output.h"
#include "cli/progress_line.h"
#include "cli/values.h"
#include "session/rounds.h"
#include "session/trace_finding.h"

namespace leakscope::cli {
namespace {

constexpr auto kFlags = std::to_array<Flag>({
    {.name = "--for",
     .value = "DURATION",
     .help = "how long to watch the live machine",
     .fallback = "60s",
     .words = {}},
    {.name = "--interval",
     .value = "DURATION",
     .help = "time between two samples; with --from: of a log that tells no times",
     .fallback = "1s",
     .words = {}},
    {.name = "--from",
     .value = "WHAT",
     .help = "judge what was written down instead of the live machine: recordings, logs, kernel logs with OOM reports, "
             "folders (snapshots, sosreports, copies of /proc) or tars of these; '-' is standard input",
     .fallback = {},
     .words = {},
     .repeats = true},
    {.name = "--until",
     .value = "WHEN",
     .help =
         "with --from: judge a recording as if it had ended then, a time (2026-11-20T09:30Z) or a duration after its "
         "first sample",
     .fallback = {},
     .words = {}},
    {.name = "--rounds",
     .value = "N",
     .help = "run CMD N times, and judge what each round leaves behind",
     .fallback = {},
     .words = {}},
    {.name = "--settle",
     .value = "DURATION",
     .help = "between the end of CMD and the look at the machine",
     .fallback = "2s",
     .words = {}},
    {.name = "--drop-caches",
     .value = {},
     .help = "drop caches and shrink slab caches of this machine between rounds: it is slower for a while, and objects "
             "of the kernel are counted exactly",
     .fallback = {},
     .words = {}},
    {.name = "--pid",
     .value = "PID",
     .help = "CMD is a load for this server: judge its heap, descriptors and threads, and the kernel",
     .fallback = {},
     .words = {}},
    {.name = "--trace",
     .value = {},
     .help = "when the kernel leaks, go on to trace who allocates it (`leakscope trace kernel`), for as long as was "
             "watched, a minute at most",
     .fallback = {},
     .words = {}},
    kNoBpfFlag,
    kRootFlag,
});

constexpr auto kExamples = std::to_array<Example>({
    {"leakscope diagnose --for 60s", "watch this machine for a minute and say whether it leaks"},
    {"leakscope diagnose --for 2h --json -o verdict.json", "a certain verdict (an hour and more), for a script"},
    {"leakscope diagnose --trace", "and when it is the kernel, by which function"},
    {"leakscope diagnose --from night.lsr", "judge what `leakscope record` wrote"},
    {"leakscope diagnose --from night.lsr --until 2h", "judge its first two hours: when could one have known?"},
    {"leakscope diagnose --from meminfo.log.gz --interval 10s", "judge a log of `cat /proc/meminfo` in a loop"},
    {"leakscope diagnose --from dmesg.txt", "who held the memory when the OOM killer came"},
    {"leakscope diagnose --from sosreport-*.tar.xz", "judge sosreports of one machine as moments of a history"},
    {"leakscope diagnose --rounds 20 --pid 812 -- ./client --once", "what does one request cost this server for good?"},
    {"leakscope diagnose --rounds 50 --drop-caches -- ./open-and-close", "what does the kernel lose per run?"},
});

void show_progress(ProgressLine& line, const session::Progress& progress, std::string& so_far) {
  if (progress.interim != nullptr)
    so_far = fmt::format("   so far: {}", findings::to_string(progress.interim->verdict));
  line.show(fmt::format("watching {} of {}   {} samples{}   (Ctrl-C judges what there is)", to_human(progress.elapsed),
                        to_human(progress.duration), progress.samples, so_far));
}

std::unexpected<Error> usage(std::string what) {
  return fail(Error::Kind::kUsage, "leakscope diagnose", std::move(what), "See: leakscope diagnose --help");
}

/// What is wrong with the words of rounds as a whole.
Result<> check_rounds(const Arguments& arguments) {
  if (!arguments.has("--rounds")) {
    if (!arguments.positionals().empty()) return usage("a command is run with --rounds N only");
    for (const char* flag : {"--settle", "--drop-caches", "--pid"}) {
      if (arguments.has(flag)) return usage(fmt::format("{} makes sense with --rounds N -- CMD only", flag));
    }
    return {};
  }
  for (const char* flag : {"--for", "--interval", "--from", "--until", "--root", "--trace"}) {
    if (arguments.has(flag)) return usage(fmt::format("{} makes no sense with --rounds", flag));
  }
  if (arguments.positionals().empty()) return usage("want a command to run: --rounds N -- CMD...");
  return {};
}

Result<session::RoundsOptions> rounds_options(const Arguments& arguments) {
  session::RoundsOptions options;
  options.sources = live_sources(arguments);
  options.command = arguments.positionals();
  options.drop_caches = arguments.has("--drop-caches");
  const auto rounds = parse_number<std::uint32_t>(*arguments.value("--rounds"));
  if (!rounds || *rounds < 1 || *rounds > 10'000) return usage("--rounds wants a number from 1 to 10000");
  options.rounds = *rounds;
  const auto settle = parse_duration(arguments.value("--settle").value_or("2s"));
  if (!settle) return std::unexpected(settle.error());
  options.settle = *settle;
  if (const auto word = arguments.value("--pid")) {
    const auto pid = parse_number<std::int32_t>(*word);
    if (!pid || *pid < 1) return usage(fmt::format("--pid wants the number of a process, got '{}'", *word));
    options.pid = Pid{*pid};
  }
  return options;
}

Result<report::Document> diagnose_rounds(const Arguments& arguments) {
  const auto options = rounds_options(arguments);
  if (!options) return std::unexpected(options.error());
  if (options->drop_caches) {
    const auto said = write_all(STDERR_FILENO,
                                "leakscope: --drop-caches: between rounds this drops the caches of the whole machine "
                                "(/proc/sys/vm/drop_caches) and shrinks its slab caches (/sys/kernel/slab/*/shrink)\n",
                                "standard error");
    (void)said.has_value();  // nowhere left to say it
  }
  auto stop = session::StopFlag::make();
  if (!stop) return std::unexpected(stop.error());
  const InterruptGuard guard(*stop);
  ProgressLine line(arguments.has("--quiet"));
  session::RoundsCallback callback;
  if (line.is_visible()) {
    callback = [&](const session::RoundsProgress& progress) {
      line.show(fmt::format("round {} of {}   {}   (Ctrl-C judges what there is)", progress.round, progress.rounds,
                            progress.settling ? "settling" : "running"));
    };
  }
  return session::diagnose_rounds(*options, *stop, callback);
}

Result<session::EvidenceOptions> evidence_options(const Arguments& arguments) {
  session::EvidenceOptions options;
  if (const auto given = arguments.value("--interval")) {
    const auto interval = parse_duration(*given);
    if (!interval) return std::unexpected(interval.error());
    options.interval = *interval;
  }
  if (const auto given = arguments.value("--until")) {
    if (const auto time = parse_rfc3339(*given)) {
      options.until = *time;
    } else if (const auto length = parse_duration(*given)) {
      options.until = *length;
    } else {
      return usage(
          fmt::format("--until wants a time such as 2026-11-20T09:30Z or a duration such as 10m, got '{}'", *given));
    }
  }
  return options;
}

/// From the verdict to the site, where tracing can help and the user has not had enough.
void go_on_to_trace(const Arguments& arguments, Nanoseconds watched, const session::StopFlag& stop,
                    report::Document& diagnosis) {
  auto options = session::trace_for(diagnosis);
  if (!options || stop.raised()) return;
  options->length = std::min<Nanoseconds>(watched, std::chrono::seconds(60));
  options->use_bpf = !arguments.has("--no-bpf");
  ProgressLine line(arguments.has("--quiet"));
  session::KernelTraceCallback callback;
  if (line.is_visible()) {
    callback = [&](const session::KernelTraceProgress& progress) {
      line.show(fmt::format("tracing {} of {}", to_human(progress.elapsed), to_human(progress.length)));
    };
  }
  session::add_trace(diagnosis, *options, stop, callback);
}

Result<report::Document> diagnose(const Arguments& arguments) {
  if (auto sound = check_rounds(arguments); !sound) return std::unexpected(sound.error());
  if (arguments.has("--rounds")) return diagnose_rounds(arguments);
  if (arguments.has("--from")) {
    for (const char* flag : {"--for", "--root", "--no-bpf", "--trace"}) {
      if (arguments.has(flag)) {
        return fail(Error::Kind::kUsage, "leakscope diagnose", fmt::format("{} makes no sense with --from", flag));
      }
    }
    const auto evidence = evidence_options(arguments);
    if (!evidence) return std::unexpected(evidence.error());
    return session::diagnose_evidence(arguments.values("--from"), *evidence, {});
  }
  if (arguments.has("--until")) return usage("--until makes sense with --from only");
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
  auto diagnosis = session::diagnose_live(options, *stop, callback);
  if (diagnosis && arguments.has("--trace")) go_on_to_trace(arguments, options.duration, *stop, *diagnosis);
  return diagnosis;
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
          "Watches the machine (or reads recordings and logs), tests every series of memory and of countable things "
          "for growth "
          "that noise, caches, load and warm-up do not explain, and says what leaks, whether the kernel or a program "
          "has it, how fast, and what to do next. A short window can only suspect: it takes an hour, or rounds, to "
          "call a growth a leak. Rounds run a command again and again and judge what each leaves behind: as a load of "
          "a "
          "running server (--pid), or of the kernel. The command reads /dev/null, and what it writes to standard "
          "output "
          "goes to standard error.",
      .positional = "[-- CMD...]",
      .takes_command = true,
      .flags = kFlags,
      .examples = kExamples,
      .exit_codes = "0 clean; 1 a leak or a suspicion; 2 error; 3 nothing could be judged",
      .run = run};
}

}  // namespace leakscope::cli
