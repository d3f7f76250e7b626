// Prints what one sample of each source costs in CPU time on this machine, as a recorder asks it: at its period, one
// after the other. "source period_live_s period_recording_s beside cpu_us_median cpu_us_worst readings
// of_one_cpu_percent" and the sum of the last column. Usage: bench_sources [SAMPLES]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "base/rooted_dir.h"
#include "session/source_set.h"

namespace {

using namespace leakscope;

struct Cost {
  double median_us = 0;
  double worst_us = 0;
  std::size_t readings = 0;
};

/// The first sample opens files and learns names; it is not counted.
Cost measure(sources::Source& source, model::Registry& registry, int rounds) {
  const Nanoseconds apart = source.info().period.recording;
  model::Sample sample;
  sample.time = SystemClock().now();
  std::vector<double> costs;
  std::size_t readings = 0;
  for (int i = 0; i <= rounds; ++i) {
    sample.clear();
    sample.time.boot.since_boot += apart;
    sample.time.monotonic += apart;
    model::SampleSink sink(registry, sample);
    const Nanoseconds before = thread_cpu_time();
    (void)source.sample(sink);
    if (i > 0) costs.push_back(static_cast<double>((thread_cpu_time() - before).count()) / 1e3);
    readings = std::max(readings, sample.readings.size());
  }
  std::ranges::sort(costs);
  return {costs[costs.size() / 2], costs.back(), readings};
}

double seconds(Nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(3, std::atoi(argv[1])) : 20;
  auto root = RootedDir::open("/");
  if (!root) return 2;
  session::SourceSet set = session::open_sources(*root, page_size_of_this_machine(), {});
  // The slow tier of processes knows those that the fast tier made known.
  std::ranges::stable_partition(set.opened, [](const auto& source) { return source->info().name == "processes"; });
  model::Registry registry;
  std::printf("%-18s %6s %6s %7s %10s %10s %9s %8s\n", "source", "live s", "rec s", "beside", "median us", "worst us",
              "readings", "% CPU");
  double sum = 0;
  for (const auto& source : set.opened) {
    const sources::SourceInfo info = source->info();
    const Cost cost = measure(*source, registry, rounds);
    const double share = cost.median_us / 1e4 / seconds(info.period.recording);
    sum += share;
    std::printf("%-18.*s %6.0f %6.0f %7s %10.0f %10.0f %9zu %8.4f\n", static_cast<int>(info.name.size()),
                info.name.data(), seconds(info.period.live), seconds(info.period.recording),
                info.may_block ? "yes" : "", cost.median_us, cost.worst_us, cost.readings, share);
  }
  std::printf("%-71s %8.4f\n", "all, at the periods of a recording", sum);
  return 0;
}
