// One verdict on a large observation: 5,000 processes with three series each, 400 caches, 61 samples.
#include <cstdint>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "findings/judge.h"
#include "model/series.h"

namespace leakscope::findings {
namespace {

using model::Metric;

model::Observation large_observation(int processes, int samples) {
  auto registry = std::make_shared<model::Registry>();
  model::Observation observation(registry);
  constexpr std::int64_t kMiB = 1 << 20;
  std::uint64_t state = 1;
  const auto noise = [&state](std::int64_t size) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::int64_t>((state >> 33U) % static_cast<std::uint64_t>(size));
  };
  for (int i = 0; i < samples; ++i) {
    model::Sample sample;
    sample.time.boot = BootTime{std::chrono::hours(1) + std::chrono::seconds(i)};
    const auto machine = [&](Metric metric, std::int64_t value) {
      sample.readings.push_back({model::Registry::machine_id(), metric, value});
    };
    machine(Metric::kZoneinfoManaged, 16384 * kMiB);
    machine(Metric::kMeminfoMemAvailable, 12000 * kMiB - i * kMiB + noise(kMiB));
    machine(Metric::kVmstatFreePages, 10000 * kMiB - i * kMiB);
    machine(Metric::kMeminfoAnonPages, 4000 * kMiB + i * kMiB + noise(kMiB));
    machine(Metric::kStatContextSwitches, std::int64_t{i} * 1000 + noise(100));
    for (int p = 0; p < processes; ++p) {
      const auto process = registry->intern(
          model::SubjectKey{model::SubjectKind::kProcess, "worker", ProcessId{Pid{p + 1}, StartTime{100}}});
      sample.readings.push_back({process, Metric::kProcessRssAnon, (10 + p % 100) * kMiB + noise(4 * kMiB)});
      sample.readings.push_back({process, Metric::kProcessFds, 100 + noise(40)});
      sample.readings.push_back({process, Metric::kProcessCpuTime, std::int64_t{i} * 1000000 + noise(100000)});
    }
    for (int c = 0; c < 400 && i % 5 == 0; ++c) {
      const auto cache =
          registry->intern(model::SubjectKey{model::SubjectKind::kSlabCache, "cache-" + std::to_string(c)});
      sample.readings.push_back({cache, Metric::kSlabActiveObjects, 10000 + noise(4000)});
      sample.readings.push_back({cache, Metric::kSlabObjectSize, 512});
      sample.readings.push_back({cache, Metric::kSlabBytes, (14000 + noise(100)) * 512});
    }
    observation.add(sample);
  }
  return observation;
}

void judge_a_large_observation(benchmark::State& state) {
  const auto observation = large_observation(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  for ([[maybe_unused]] const auto _ : state) benchmark::DoNotOptimize(judge(observation, {}));
}
BENCHMARK(judge_a_large_observation)->Args({5000, 61})->Args({300, 3600})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace leakscope::findings

BENCHMARK_MAIN();
