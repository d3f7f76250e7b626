#include "model/series.h"

#include <gtest/gtest.h>

namespace leakscope::model {
namespace {

Sample sample_at(std::int64_t second, std::int64_t value) {
  Sample sample;
  sample.time.boot = BootTime{std::chrono::seconds(second)};
  sample.readings.push_back({Registry::machine_id(), Metric::kMeminfoMemFree, value});
  return sample;
}

TEST(Observation, KeepsSeriesByMetricAndSubject) {
  Observation observation(std::make_shared<Registry>());
  observation.add(sample_at(1, 10));
  observation.add(sample_at(2, 20));
  EXPECT_EQ(observation.first(Registry::machine_id(), Metric::kMeminfoMemFree), 10);
  EXPECT_EQ(observation.last(Registry::machine_id(), Metric::kMeminfoMemFree), 20);
  EXPECT_EQ(observation.at(Registry::machine_id(), Metric::kMeminfoMemFree, BootTime{std::chrono::milliseconds(1500)}),
            10);
  EXPECT_EQ(observation.find(Metric::kMeminfoSlab), nullptr);
  EXPECT_EQ(observation.length(), std::chrono::seconds(1));
}

TEST(Observation, CountsSamplesFromThePastAsOneLoss) {
  Observation observation(std::make_shared<Registry>());
  observation.add(sample_at(5, 10));
  observation.add(sample_at(4, 20));
  observation.add(sample_at(3, 30));
  EXPECT_EQ(observation.samples(), 1U);
  ASSERT_EQ(observation.losses.size(), 1U);
  EXPECT_EQ(observation.losses[0].count, 2U);
}

TEST(Observation, TellsHowManySamplesNeedNotBeRead) {
  Observation all(std::make_shared<Registry>(), 16);
  Observation thinned(std::make_shared<Registry>(), 16);
  std::uint32_t unread = 0;
  for (int i = 0; i < 1000; ++i) {
    all.add(sample_at(i, i));
    if (unread + 1 < thinned.least_stride()) {
      ++unread;
      continue;
    }
    thinned.add(sample_at(i, i), unread + 1);
    unread = 0;
  }
  EXPECT_GT(thinned.least_stride(), 32U);
  EXPECT_EQ(*thinned.find(Metric::kMeminfoMemFree), *all.find(Metric::kMeminfoMemFree));
  EXPECT_EQ(thinned.samples() + unread, all.samples());
}

TEST(Observation, HalvesASeriesThatOutgrowsItsBound) {
  Observation observation(std::make_shared<Registry>(), 16);
  for (int i = 0; i < 1000; ++i) observation.add(sample_at(i, i));
  const Series& series = *observation.find(Metric::kMeminfoMemFree);
  EXPECT_LE(series.size(), 16U);
  for (const Point& point : series) EXPECT_EQ(point.time.since_boot, std::chrono::seconds(point.value));
  EXPECT_GE(series.back().value, 870);
}

TEST(Registry, ProcessesAreTheSameByPidAndStartTime) {
  Registry registry;
  const SubjectKey first{SubjectKind::kProcess, "a", ProcessId{Pid{7}, StartTime{100}}};
  const SubjectKey renamed{SubjectKind::kProcess, "b", ProcessId{Pid{7}, StartTime{100}}};
  const SubjectKey reused{SubjectKind::kProcess, "a", ProcessId{Pid{7}, StartTime{200}}};
  EXPECT_EQ(registry.intern(first), registry.intern(renamed));
  EXPECT_NE(registry.intern(first), registry.intern(reused));
}

TEST(Registry, ARetiredKeyIsANewSubject) {
  Registry registry;
  const SubjectKey cgroup{SubjectKind::kCgroup, "/a"};
  const SubjectId id = registry.intern(cgroup);
  registry.retire(id);
  EXPECT_NE(registry.intern(cgroup), id);
  EXPECT_TRUE(registry.info(id).retired);
}

TEST(Metrics, NamesAreUniqueAndFound) {
  for (const MetricInfo& metric : all_metrics()) {
    const auto found = metric_from_name(metric.name);
    ASSERT_TRUE(found) << metric.name;
    EXPECT_EQ(info(*found).name, metric.name);
  }
}

TEST(Observation, KeepsRareEventsWhenThoseOfProcessesAreTooMany) {
  Observation observation(std::make_shared<Registry>());
  Sample sample = sample_at(1, 10);
  for (std::size_t i = 0; i < Observation::kMostComings + 5; ++i) {
    sample.events.push_back({sample.time, EventKind::kProcessStart, std::nullopt, "sh"});
  }
  sample.events.push_back({sample.time, EventKind::kOomKill, std::nullopt, "sh"});
  observation.add(sample);
  ASSERT_EQ(observation.events.size(), Observation::kMostComings + 1);
  EXPECT_EQ(observation.events.back().kind, EventKind::kOomKill);
  ASSERT_EQ(observation.losses.size(), 1U);
  EXPECT_EQ(observation.losses[0].count, 5U);
}

}  // namespace
}  // namespace leakscope::model
