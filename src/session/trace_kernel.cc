#include "session/trace_kernel.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/rooted_dir.h"
#include "session/bpf_trace.h"
#include "session/cache_growth.h"
#include "session/instance_trace.h"
#include "session/live_symbols.h"
#include "session/reclaimable.h"
#include "session/site_document.h"
#include "sources/procfs/host.h"
#include "symbols/kernel_frame.h"

namespace leakscope::session {
namespace {

using sources::kmem_bpf::KmemTracer;

/// What every trace of this kernel begins with.
struct Scene {
  RootedDir root;
  model::KernelSymbols symbols;
  report::Document document;
  Moment start;
};

Result<Scene> set_scene() {
  auto root = RootedDir::open("/");
  if (!root) return std::unexpected(std::move(root.error()));
  Scene scene{*std::move(root), {}, {}, SystemClock().now()};
  scene.document.command = "trace";
  scene.document.host = sources::procfs::read_host(scene.root).host;
  return scene;
}

/// A module that is loaded while the trace runs has names at its end only.
void read_symbols(Scene& scene) {
  auto symbols = read_kernel_symbols(scene.root);
  if (symbols) {
    scene.symbols = *std::move(symbols);
  } else {
    scene.document.coverage.push_back(model::coverage_from_error("kernel_symbols", symbols.error()));
  }
}

void close_scene(Scene& scene, std::size_t samples) {
  scene.document.window = report::Window{scene.start, SystemClock().now(), samples};
}

/// "msg_msg" of a site is the cache's name; the growth of a merged cache is that of all its users.
CountedSites counted_from(std::vector<model::SiteTally> tallies, const BpfTrace& trace, const Scene& scene,
                          const CacheGrowth& growth, Nanoseconds older) {
  const KmemTracer& tracer = trace.tracer();
  CountedSites counted;
  counted.tallies = std::move(tallies);
  counted.stacks = &tracer.stacks();
  counted.names = &tracer.names();
  counted.symbols = &scene.symbols;
  counted.seconds = trace.seconds();
  counted.start = scene.start.wall;
  counted.sampled_one_in = tracer.sampled_one_in();
  counted.older = older;
  counted.judge.is_reclaimable = reclaimable_here(scene.root, tracer.names());
  counted.judge.cache_growth = [&growth, &tracer](const model::SiteTally& tally) -> std::optional<std::int64_t> {
    if (tally.allocator != model::Allocator::kSlab) return std::nullopt;
    return growth.of(tracer.names().name(tally.cache));
  };
  return counted;
}

void tell_cost(const BpfTrace& trace, report::Document& document) {
  const auto overhead = trace.overhead();
  if (!overhead) return;
  std::string sentence = fmt::format("Tracing took {:.1f} % of the time of all CPUs", 100 * *overhead);
  if (trace.tracer().sampled_one_in() > 1)
    sentence += fmt::format("; one address in {} was followed", trace.tracer().sampled_one_in());
  document.details.push_back(sentence + ".");
}

Result<report::Document> trace_by_bpf(const KernelTraceOptions& options, Scene scene, BpfTrace& trace,
                                      const StopFlag& stop, const KernelTraceCallback& progress) {
  scene.start = SystemClock().now();
  CacheGrowth growth(scene.root);
  if (auto ran = trace.run(stop, progress); !ran) return std::unexpected(std::move(ran.error()));
  growth.look_again(scene.root);
  read_symbols(scene);
  auto tallies = trace.finish(scene.symbols);
  if (!tallies) return std::unexpected(std::move(tallies.error()));
  std::ranges::move(trace.tracer().coverage(), std::back_inserter(scene.document.coverage));
  std::ranges::move(trace.tracer().losses(), std::back_inserter(scene.document.losses));
  put_into(scene.document, profile_from(counted_from(*std::move(tallies), trace, scene, growth, options.trace.older)),
           options.trace.view);
  tell_cost(trace, scene.document);
  close_scene(scene, trace.looks());
  return std::move(scene.document);
}

std::string function_at(std::uint64_t address, const model::KernelSymbols& symbols) {
  const model::Frame frame = symbols::frame_of(address, symbols);
  if (frame.symbol.empty()) return fmt::format("{:#x}", address);
  return frame.module.empty() ? frame.symbol : fmt::format("{} [{}]", frame.symbol, frame.module);
}

/// Pairs of functions; several call sites of one function are one.
report::Table pairs_table(const std::vector<KmemTracer::FreePair>& pairs, const KmemTracer& tracer,
                          const model::KernelSymbols& symbols) {
  report::Table table{.id = "free_pairs", .title = "Where objects were allocated, and where these were freed"};
  table.columns = {{"allocated_by", "allocated by"},
                   {"cache", "cache"},
                   {"freed_by", "freed by"},
                   {"count", "objects", report::ColumnKind::kCount}};
  for (const KmemTracer::FreePair& pair : pairs) {
    const std::string by = function_at(pair.allocated_at, symbols);
    const std::string cache(tracer.names().name(pair.cache));
    const std::string freed = function_at(pair.freed_at, symbols);
    const auto same = std::ranges::find_if(table.rows, [&](const std::vector<report::Cell>& row) {
      return std::get<std::string>(row[0]) == by && std::get<std::string>(row[1]) == cache &&
             std::get<std::string>(row[2]) == freed;
    });
    if (same != table.rows.end()) {
      std::get<std::int64_t>((*same)[3]) += static_cast<std::int64_t>(pair.count);
    } else {
      table.rows.push_back({by, cache, freed, static_cast<std::int64_t>(pair.count)});
    }
  }
  std::ranges::stable_sort(table.rows, std::ranges::greater{},
                           [](const auto& row) { return std::get<std::int64_t>(row[3]); });
  return table;
}

report::Table sites_table(const std::vector<model::SiteTally>& tallies, const KmemTracer& tracer,
                          const model::KernelSymbols& symbols) {
  report::Table table{.id = "users", .title = "Where objects were allocated"};
  table.columns = {{"allocated_by", "allocated by"},
                   {"cache", "cache"},
                   {"allocs", "allocated", report::ColumnKind::kCount},
                   {"frees", "freed", report::ColumnKind::kCount},
                   {"unseen_frees", "freed unseen", report::ColumnKind::kCount},
                   {"count", "still held", report::ColumnKind::kCount}};
  for (const model::SiteTally& tally : tallies) {
    table.rows.push_back({function_at(tally.call_site, symbols), std::string(tracer.names().name(tally.cache)),
                          static_cast<std::int64_t>(tally.allocs), static_cast<std::int64_t>(tally.frees),
                          static_cast<std::int64_t>(tally.unseen_frees), tally.count});
  }
  std::ranges::stable_sort(table.rows, std::ranges::greater{},
                           [](const auto& row) { return std::get<std::int64_t>(row[2]); });
  return table;
}

}  // namespace

Result<report::Document> trace_kernel(const KernelTraceOptions& options, const StopFlag& stop,
                                      const KernelTraceCallback& progress) {
  auto scene = set_scene();
  if (!scene) return std::unexpected(std::move(scene.error()));
  if (options.use_bpf) {
    auto trace = BpfTrace::open(options);
    if (trace) return trace_by_bpf(options, *std::move(scene), **trace, stop, progress);
    if (trace.error().kind == Error::Kind::kUsage) return std::unexpected(std::move(trace.error()));
    scene->document.coverage.push_back(model::coverage_from_error("bpf", trace.error()));
  }
  if (options.trace.vmalloc) {
    scene->document.coverage.push_back(
        {"vmalloc",
         model::Coverage::State::kAbsent,
         "vmalloc areas are traced by BPF only; `leakscope diagnose` names their callers",
         {}});
  }
  read_symbols(*scene);
  KernelTraceOptions by_instance = options;
  if (!options.cache.empty()) by_instance.trace.view.filter.caches.push_back(options.cache);
  auto traced = trace_by_instance(by_instance, scene->symbols, stop, progress, scene->document);
  if (!traced) return std::unexpected(std::move(traced.error()));
  close_scene(*scene, 1);
  return std::move(scene->document);
}

Result<report::Document> who_uses_cache(const KernelTraceOptions& options, const StopFlag& stop) {
  auto scene = set_scene();
  if (!scene) return std::unexpected(std::move(scene.error()));
  sources::kmem_bpf::KmemTracerOptions tracing;
  tracing.cache = options.cache;
  tracing.pair_frees = true;
  tracing.max_memory = static_cast<std::size_t>(options.max_memory.count());
  auto tracer = KmemTracer::open(tracing);
  if (!tracer) return std::unexpected(std::move(tracer.error()));
  if (auto started = (*tracer)->start(); !started) return std::unexpected(std::move(started.error()));
  (void)stop.wait_for(options.length);
  const double seconds = std::chrono::duration<double>(SystemClock().now().monotonic - scene->start.monotonic).count();
  read_symbols(*scene);
  const auto tallies = (*tracer)->finish(seconds, Nanoseconds{0}, scene->symbols);
  if (!tallies) return std::unexpected(tallies.error());
  report::Document& document = scene->document;
  document.tables.push_back(sites_table(*tallies, **tracer, scene->symbols));
  document.tables.push_back(pairs_table((*tracer)->free_pairs(), **tracer, scene->symbols));
  std::ranges::move((*tracer)->coverage(), std::back_inserter(document.coverage));
  std::ranges::move((*tracer)->losses(), std::back_inserter(document.losses));
  document.headline = tallies->empty()
                          ? fmt::format("nothing was allocated from {} in {}.", options.cache, to_human(options.length))
                          : fmt::format("objects of {} were allocated at {} places in {}.", options.cache,
                                        tallies->size(), to_human(options.length));
  close_scene(*scene, 1);
  return std::move(scene->document);
}

}  // namespace leakscope::session
