// A warm source must allocate nothing.
#include <gtest/gtest.h>

#include "base/testing/counted_allocations.h"
#include "sources/procfs/machine_sources.h"

namespace leakscope::sources::procfs {
namespace {

TEST(WarmSampling, AllocatesNothing) {
  const RootedDir root = RootedDir::open("/").value();
  std::vector<std::unique_ptr<Source>> sources;
  for (const auto open : {open_meminfo, open_vmstat, open_zoneinfo, open_buddyinfo, open_stat, open_swaps,
                          open_pressure, open_loadavg, open_net_dev, open_diskstats}) {
    if (auto source = open(root)) sources.push_back(std::move(*source));
  }
  ASSERT_GE(sources.size(), 8U);
  model::Registry registry;
  model::Sample sample;
  const auto sample_all = [&] {
    sample.clear();
    model::SampleSink sink(registry, sample);
    for (const auto& source : sources) EXPECT_TRUE(source->sample(sink));
  };
  sample_all();
  sample.readings.reserve(2 * sample.readings.size());
  sample_all();
  const std::size_t before = allocations();
  for (int i = 0; i < 10; ++i) sample_all();
  EXPECT_EQ(allocations() - before, 0U);
  EXPECT_GT(sample.readings.size(), 100U);
}

}  // namespace
}  // namespace leakscope::sources::procfs
