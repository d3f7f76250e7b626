// Prints what one sample of each tier costs in CPU time on the processes that run now, and what this program's memory
// grew by: "tier cpu_us_median cpu_us_best processes readings". Usage: bench_sampling [SAMPLES]
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/rooted_dir.h"
#include "sources/ebpf/task_iterator.h"
#include "sources/process/held_process_table.h"
#include "sources/process/process_details.h"
#include "sources/process/process_source.h"

namespace {

using namespace leakscope;

struct Cost {
  double median_us = 0;
  double best_us = 0;
};

template <class Work>
Cost measure(int rounds, Work work) {
  std::vector<double> costs;
  for (int i = 0; i < rounds; ++i) {
    const Nanoseconds before = thread_cpu_time();
    work();
    costs.push_back(static_cast<double>((thread_cpu_time() - before).count()) / 1e3);
  }
  std::ranges::sort(costs);
  return {costs[costs.size() / 2], costs.front()};
}

void print(const char* tier, Cost cost, std::size_t processes, std::size_t readings) {
  std::printf("%-44s %10.0f %10.0f %8zu %8zu\n", tier, cost.median_us, cost.best_us, processes, readings);
}

void measure_table(const char* tier, Result<std::unique_ptr<sources::ProcessTable>> table, int rounds) {
  if (!table) {
    std::printf("%-44s skipped: %s\n", tier, to_string(table.error()).c_str());
    return;
  }
  std::vector<sources::ProcessRecord> records;
  for (int i = 0; i < 3; ++i) (void)(*table)->read(records);
  const Cost cost = measure(rounds, [&] { (void)(*table)->read(records); });
  print(tier, cost, records.size(), 0);
}

// `seconds_apart`: how much boot time passes between two samples, as the source sees it.
void measure_sources(const char* tier, const std::vector<sources::Source*>& sources, sources::Source& measured,
                     model::Registry& registry, int rounds, int seconds_apart) {
  model::Sample sample;
  sample.time = SystemClock().now();
  const auto take = [&](sources::Source& source) {
    model::SampleSink sink(registry, sample);
    (void)source.sample(sink);
  };
  const auto round = [&] {
    sample.clear();
    sample.time.boot.since_boot += std::chrono::seconds(seconds_apart);
    take(measured);
  };
  for (sources::Source* source : sources) take(*source);
  for (int i = 0; i < 5; ++i) round();
  const Cost cost = measure(rounds, round);
  std::int64_t processes = 0;
  for (const model::Reading& reading : sample.readings) {
    if (reading.metric == model::Metric::kProcessThreads || reading.metric == model::Metric::kProcessCpuTime)
      ++processes;
  }
  print(tier, cost, static_cast<std::size_t>(processes), sample.readings.size());
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(3, std::atoi(argv[1])) : 40;
  auto root = RootedDir::open("/");
  if (!root) return 2;
  std::printf("%-44s %10s %10s %8s %8s\n", "tier", "median us", "best us", "procs", "readings");
  measure_table("BPF iterator, reading alone", sources::ebpf::open_task_iterator(), rounds);
  measure_table("BPF iterator, without per-CPU parts", sources::ebpf::open_task_iterator({.exact = false}), rounds);
  measure_table("held descriptors, reading alone", sources::process::open_held_processes(*root), rounds);
  {
    model::Registry registry;
    if (auto table = sources::ebpf::open_task_iterator()) {
      auto source = sources::process::open_processes(*root, *std::move(table)).value();
      measure_sources("fast tier by BPF (interning, groups, puts)", {}, *source, registry, rounds, 1);
    }
  }
  model::Registry registry;
  auto fast = sources::process::open_processes(*root, nullptr).value();
  measure_sources("fast tier by held descriptors", {}, *fast, registry, rounds, 1);
  auto details = sources::process::open_process_details(*root).value();
  measure_sources("slow tier, every 5 s (budgets included)", {fast.get()}, *details, registry, rounds, 5);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  std::printf("memory of this program: %ld KiB\n", usage.ru_maxrss);
  return 0;
}
