#include <benchmark/benchmark.h>

#include "sources/procfs/machine_sources.h"

namespace leakscope::sources::procfs {
namespace {

using Factory = Result<std::unique_ptr<Source>> (*)(const RootedDir&);

void sample_all(benchmark::State& state, std::initializer_list<Factory> factories) {
  const RootedDir root = RootedDir::open("/").value();
  std::vector<std::unique_ptr<Source>> sources;
  for (const Factory open : factories) {
    auto source = open(root);
    if (!source) return state.SkipWithError(to_string(source.error()).c_str());
    sources.push_back(std::move(*source));
  }
  model::Registry registry;
  model::Sample sample;
  for ([[maybe_unused]] const auto _ : state) {
    sample.clear();
    model::SampleSink sink(registry, sample);
    for (const auto& source : sources) {
      if (!source->sample(sink)) return state.SkipWithError("cannot sample");
    }
  }
  state.counters["readings"] = static_cast<double>(sample.readings.size());
}

BENCHMARK_CAPTURE(sample_all, meminfo, {open_meminfo});
BENCHMARK_CAPTURE(sample_all, vmstat, {open_vmstat});
BENCHMARK_CAPTURE(sample_all, zoneinfo, {open_zoneinfo});
BENCHMARK_CAPTURE(sample_all, buddyinfo, {open_buddyinfo});
BENCHMARK_CAPTURE(sample_all, stat, {open_stat});
BENCHMARK_CAPTURE(sample_all, swaps, {open_swaps});
BENCHMARK_CAPTURE(sample_all, pressure, {open_pressure});
BENCHMARK_CAPTURE(sample_all, loadavg, {open_loadavg});
BENCHMARK_CAPTURE(sample_all, net_dev, {open_net_dev});
BENCHMARK_CAPTURE(sample_all, diskstats, {open_diskstats});
BENCHMARK_CAPTURE(sample_all, all_of_the_fast_tier,
                  {open_meminfo, open_vmstat, open_zoneinfo, open_buddyinfo, open_stat, open_pressure, open_loadavg});

}  // namespace
}  // namespace leakscope::sources::procfs

BENCHMARK_MAIN();
