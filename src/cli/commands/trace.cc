#include <algorithm>
#include <array>
#include <bit>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "cli/commands/rows.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/profile_flags.h"
#include "cli/progress_line.h"
#include "cli/values.h"
#include "session/trace_file.h"
#include "session/trace_kernel.h"

namespace leakscope::cli {
namespace {

constexpr auto kFlags = std::to_array<Flag>({
    kProfileFormatFlag,
    {.name = "--for", .value = "DURATION", .help = "how long to trace", .fallback = "60s", .words = {}},
    {.name = "--from",
     .value = "FILE",
     .help = "read a trace that somebody recorded instead: trace.dat, perf.data, or the text of trace_pipe, `trace-cmd "
             "report` or `perf script`; '-' is standard input",
     .fallback = {},
     .words = {}},
    kCacheFlag,
    kSizeFlag,
    {.name = "--older",
     .value = "DURATION",
     .help = "objects younger than this at the end may well be freed yet: a site that holds no others is left out",
     .fallback = "5s",
     .words = {}},
    {.name = "--sample",
     .value = "1/N",
     .help = "follow one address in N only (a power of two), chosen by hash; figures are scaled and get an interval",
     .fallback = "1/1, and coarser when it costs too much",
     .words = {}},
    {.name = "--pages",
     .value = {},
     .help = "trace the page allocator as well; pages of processes and files are left out",
     .fallback = {},
     .words = {}},
    {.name = "--percpu", .value = {}, .help = "trace per-CPU memory as well", .fallback = {}, .words = {}},
    {.name = "--vmalloc",
     .value = {},
     .help = "trace vmalloc areas as well, where the kernel has events of them",
     .fallback = {},
     .words = {}},
    {.name = "--who",
     .value = "CACHE",
     .help = "only say where objects of this slab cache are allocated and where they are freed, from a short look",
     .fallback = {},
     .words = {}},
    kProcessFlag,
    kFunctionFlag,
    kModuleFlag,
    kGroupFlag,
    {.name = "--max-memory",
     .value = "SIZE",
     .help = "what tables in the kernel may take",
     .fallback = "64MiB",
     .words = {}},
    {.name = "--max-overhead",
     .value = "SHARE",
     .help = "of the time of all CPUs; above it, tracing is made coarser",
     .fallback = "5%",
     .words = {}},
    {.name = "--no-bpf",
     .value = {},
     .help = "use a private tracefs instance even where BPF may load",
     .fallback = {},
     .words = {}},
});

constexpr auto kExamples = std::to_array<Example>({
    {"leakscope trace kernel --cache kmalloc-4k --for 60s",
     "who takes objects of this cache and does not give them back"},
    {"leakscope trace kernel --for 5m --format svg -o kernel.svg", "everything that is held, as a flame graph"},
    {"leakscope trace kernel --pages --percpu", "the page allocator and per-CPU memory as well"},
    {"leakscope trace kernel --who dentry", "where dentries are made, and where they are freed"},
    {"leakscope trace kernel --from trace.dat", "judge what `trace-cmd record -e kmem -T` wrote"},
});

std::unexpected<Error> usage(std::string what) {
  return fail(Error::Kind::kUsage, "leakscope trace", std::move(what), "See: leakscope trace --help");
}

Result<std::uint32_t> sample_of(std::string_view text) {
  const auto one_in = text.starts_with("1/") ? parse_number<std::uint32_t>(text.substr(2)) : std::nullopt;
  if (!one_in || !std::has_single_bit(*one_in) || *one_in > 65536)
    return usage(fmt::format("--sample wants 1/N with N a power of two up to 65536, got '{}'", text));
  return *one_in;
}

Result<double> overhead_of(std::string_view text) {
  const auto percent = text.ends_with('%') ? parse_number<int>(text.substr(0, text.size() - 1)) : std::nullopt;
  if (!percent || *percent < 1 || *percent > 100)
    return usage(fmt::format("--max-overhead wants a share such as 5%, got '{}'", text));
  return *percent / 100.0;
}

Result<session::TraceOptions> trace_options(const Arguments& arguments) {
  session::TraceOptions options;
  auto view = profile_view(arguments);
  if (!view) return std::unexpected(std::move(view.error()));
  options.view = std::move(*view);
  if (const auto text = arguments.value("--older")) {
    const auto older = parse_duration(*text);
    if (!older) return std::unexpected(older.error());
    options.older = *older;
  }
  options.pages = arguments.has("--pages");
  options.percpu = arguments.has("--percpu");
  options.vmalloc = arguments.has("--vmalloc");
  return options;
}

Result<session::KernelTraceOptions> live_options(const Arguments& arguments, session::TraceOptions trace) {
  session::KernelTraceOptions options;
  options.least_size = trace.view.filter.least_size;
  options.most_size = trace.view.filter.most_size;
  options.trace = std::move(trace);
  // The tracer knows every name of a merged cache; sites have the one that the kernel tells.
  options.trace.view.filter.caches.clear();
  const auto length = parse_duration(arguments.value("--for").value_or(arguments.has("--who") ? "5s" : "60s"));
  if (!length) return std::unexpected(length.error());
  options.length = *length;
  options.cache = arguments.value("--who").value_or(arguments.value("--cache").value_or(""));
  if (const auto text = arguments.value("--sample")) {
    const auto one_in = sample_of(*text);
    if (!one_in) return std::unexpected(one_in.error());
    options.sample_one_in = *one_in;
  }
  if (const auto text = arguments.value("--max-memory")) {
    const auto size = parse_size(*text);
    if (!size) return std::unexpected(size.error());
    if (*size < Bytes::from_mib(1)) return usage("--max-memory must be at least 1MiB");
    options.max_memory = *size;
  }
  if (const auto text = arguments.value("--max-overhead")) {
    const auto share = overhead_of(*text);
    if (!share) return std::unexpected(share.error());
    options.max_overhead = *share;
  }
  options.use_bpf = !arguments.has("--no-bpf");
  return options;
}

Result<report::Document> trace_live(const Arguments& arguments, session::TraceOptions trace) {
  const auto options = live_options(arguments, std::move(trace));
  if (!options) return std::unexpected(options.error());
  auto stop = session::StopFlag::make();
  if (!stop) return std::unexpected(stop.error());
  const InterruptGuard guard(*stop);
  if (arguments.has("--who")) return session::who_uses_cache(*options, *stop);
  ProgressLine line(arguments.has("--quiet"));
  session::KernelTraceCallback callback;
  if (line.is_visible()) {
    callback = [&](const session::KernelTraceProgress& progress) {
      const std::string followed =
          progress.followed == 0 ? "counting call sites" : fmt::format("stacks of {} call sites", progress.followed);
      line.show(
          fmt::format("tracing {} of {}   {}{}   (Ctrl-C judges what there is)", to_human(progress.elapsed),
                      to_human(progress.length), followed,
                      progress.sampled_one_in > 1 ? fmt::format(", 1 of {} addresses", progress.sampled_one_in) : ""));
    };
  }
  return session::trace_kernel(*options, *stop, callback);
}

Result<report::Document> trace(const Arguments& arguments) {
  if (arguments.positionals().empty()) return usage("wants what to trace: kernel");
  const std::string& target = arguments.positionals().front();
  if (target != "kernel") {
    if (!parse_number<std::int32_t>(target)) return usage(fmt::format("can trace 'kernel', not '{}'", target));
    return fail(Error::Kind::kUsage, fmt::format("leakscope trace {}", target), "processes: not in this version yet",
                fmt::format("Until then: leakscope status --pid {}", target));
  }
  auto options = trace_options(arguments);
  if (!options) return std::unexpected(options.error());
  if (const auto path = arguments.value("--from")) {
    for (const char* flag : {"--for", "--sample", "--who", "--max-memory", "--max-overhead", "--no-bpf"}) {
      if (arguments.has(flag)) return usage(fmt::format("{} makes no sense with --from", flag));
    }
    return session::trace_file(*path, *options);
  }
  return trace_live(arguments, std::move(*options));
}

Result<ExitCode> run(const Arguments& arguments) {
  if (auto writable = check_output(arguments); !writable) return std::unexpected(writable.error());
  const auto document = trace(arguments);
  if (!document) return std::unexpected(document.error());
  if (auto written = write_document(arguments, *document); !written) return std::unexpected(written.error());
  return exit_code_for(*document);
}

}  // namespace

Command trace_command() {
  return {
      .name = "trace",
      .summary = "who allocates and does not free, by call stack, while it runs",
      .description =
          "Follows allocations of the kernel and their frees by address, and says for each call site what it holds and "
          "whether that grows. Frees that no event tells (bulk and RCU frees) are proven where an address is given out "
          "again; a site that has so many of them that they explain what it holds is listed apart, as blind. Nothing "
          "stays attached when leakscope ends, however it does.",
      .positional = "kernel",
      .most_positionals = 1,
      .flags = kFlags,
      .examples = kExamples,
      .exit_codes = "0 no site grows; 1 a site grows; 2 error; 3 nothing could be judged",
      .run = run};
}

}  // namespace leakscope::cli
