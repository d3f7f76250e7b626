#include <gtest/gtest.h>

#include "findings/cgroup_path.h"
#include "findings/headline.h"
#include "findings/headroom.h"
#include "findings/judge.h"
#include "findings/series_sum.h"
#include "findings/text.h"

namespace leakscope::findings {
namespace {

model::Series series_of(std::initializer_list<std::pair<int, std::int64_t>> points) {
  model::Series series;
  for (const auto& [second, value] : points) series.push_back({BootTime{std::chrono::seconds(second)}, value});
  return series;
}

TEST(SeriesSum, TakesTheLastValueOfSlowerTerms) {
  const auto fast = series_of({{1, 10}, {2, 20}, {3, 30}, {4, 40}});
  const auto slow = series_of({{2, 100}, {4, 200}});
  const auto sum = sum_of({{&fast, 1}, {&slow, -1}, {nullptr, 1}});
  ASSERT_EQ(sum.size(), 3U);
  EXPECT_EQ(sum[0].value, 20 - 100);
  EXPECT_EQ(sum[1].value, 30 - 100);
  EXPECT_EQ(sum[2].value, 40 - 200);
  EXPECT_TRUE(sum_of({{nullptr, 1}, {&slow, 1}}).empty());
}

TEST(SeriesSum, EdgesAreNotMovedByOneOddReading) {
  model::Series series;
  for (int i = 0; i < 100; ++i) series.push_back({BootTime{std::chrono::seconds(i)}, i == 99 ? 99999 : i});
  EXPECT_DOUBLE_EQ(edges_of(series).start, 2);
  EXPECT_DOUBLE_EQ(edges_of(series).end, 97);
  EXPECT_DOUBLE_EQ(edges_of({}).rise(), 0);
}

TEST(CgroupPath, KnowsBothVersions) {
  EXPECT_TRUE(cgroup_is_inside("0::/a/b", "/a"));
  EXPECT_TRUE(cgroup_is_inside("4:memory:/a/b", "memory:/a/b"));
  EXPECT_TRUE(cgroup_is_inside("/a", "/"));
  EXPECT_FALSE(cgroup_is_inside("/ab", "/a"));
  EXPECT_FALSE(cgroup_is_inside("", "/a"));
  EXPECT_EQ(cgroup_path("0::/docker/x:/y"), "/docker/x:/y");
}

TEST(Eta, IsAnIntervalOrNothing) {
  const auto eta = eta_of(1000, {5, 10, 20});
  ASSERT_TRUE(eta && eta->upper);
  EXPECT_EQ(eta->lower, std::chrono::seconds(50));
  EXPECT_EQ(*eta->upper, std::chrono::seconds(200));
  EXPECT_FALSE(eta_of(1000, {0, 10, 20}));
  EXPECT_FALSE(eta_of(1000, {-1, 10, 20}));
  EXPECT_FALSE(eta_of(1e18, {1e-9, 10, 1e-3}));
  EXPECT_FALSE(eta_of(1000, {1e-9, 10, 20})->upper);
}

TEST(Text, ReadsWell) {
  EXPECT_EQ(with_commas(112304), "112,304");
  EXPECT_EQ(with_commas(-999), "-999");
  EXPECT_EQ(with_commas(-1000000), "-1,000,000");
  EXPECT_EQ(rise_text(model::Unit::kCount, 1200), "+1,200");
  EXPECT_EQ(change_text(model::Unit::kBytes, 1024, 2048), "1.00 KiB -> 2.00 KiB");
  constexpr double kMib = 1024 * 1024;
  EXPECT_EQ(rate_text(model::Unit::kBytes, {37.1 * kMib / 60, 39.8 * kMib / 60, 42.3 * kMib / 60}),
            "39.8 MiB/min (37.1 to 42.3)");
  EXPECT_EQ(rate_text(model::Unit::kBytes, {kMib / 3600, 2 * kMib / 3600, 3 * kMib / 3600}),
            "2.00 MiB/h (1.00 to 3.00)");
  EXPECT_EQ(rate_text(model::Unit::kCount, {9, 10, 11}), "600/min (540 to 660)");
  EXPECT_EQ(rate_text(model::Unit::kCount, {90, 100, 110}, "threads"), "6,000 threads/min (5,400 to 6,600)");
}

TEST(Judge, WhatStandsStillInALogOfCachesIsCleanInPart) {
  const auto judged_from = [](int points) {
    model::Observation observation(std::make_shared<model::Registry>());
    const auto cache = observation.registry().intern(model::SubjectKey{model::SubjectKind::kSlabCache, "dentry"});
    model::Sample sample;
    for (int i = 0; i < points; ++i) {
      sample.clear();
      sample.time = {.boot = {std::chrono::seconds(i)}, .wall = {std::chrono::seconds(i)}, .monotonic = {}};
      sample.readings.push_back({cache, model::Metric::kSlabActiveObjects, 1000});
      sample.readings.push_back({cache, model::Metric::kSlabObjectSize, 192});
      observation.add(sample);
    }
    return judge(observation, {});
  };
  const Judged judged = judged_from(30);
  EXPECT_EQ(judged.verdict, Verdict::kClean);
  EXPECT_TRUE(judged.in_part);
  EXPECT_NE(headline_of(judged, std::chrono::seconds(29)).sentence.find("not the whole machine"), std::string::npos);
  EXPECT_EQ(judged_from(5).verdict, Verdict::kInsufficient);
}

}  // namespace
}  // namespace leakscope::findings
