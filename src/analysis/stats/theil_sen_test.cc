#include "analysis/stats/theil_sen.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

namespace leakscope::analysis::stats {
namespace {

TEST(TheilSen, TakesTheMedianSlopeOverRealTimes) {
  // The ten slopes: -0.15 -0.13 -0.08 -0.07 -0.0575 -0.055 -0.045 -0.0333 0.01 0.04.
  const std::vector<double> years = {1, 2, 3, 4, 5};
  const std::vector<double> ratios = {1.26, 1.27, 1.12, 1.16, 1.03};
  const auto slope = theil_sen(years, ratios);
  ASSERT_TRUE(slope);
  EXPECT_NEAR(slope->point, -0.05625, 1e-9);
  // At n = 5 the exact 95 % interval is the range of all ten slopes.
  EXPECT_NEAR(slope->lower, -0.15, 1e-9);
  EXPECT_NEAR(slope->upper, 0.04, 1e-9);
}

TEST(TheilSen, FindsTheLineBehindGapsAndOneOutlier) {
  std::vector<double> times;
  std::vector<double> values;
  for (int i = 0; i < 30; ++i) {
    if (i > 10 && i < 18) continue;
    times.push_back(i * 1.7 + (i % 3) * 0.1);
    values.push_back(5 + 2 * times.back());
  }
  values[20] = 1e9;
  const auto slope = theil_sen(times, values);
  ASSERT_TRUE(slope);
  EXPECT_NEAR(slope->point, 2, 1e-9);
  EXPECT_NEAR(slope->lower, 2, 1e-9);
}

// All 15 slopes of six values, sorted by hand: the exact interval leaves out one slope at each end (S = 13).
TEST(TheilSen, LeavesOutTheExactNumberOfSlopesAtEachEnd) {
  const std::vector<double> times = {0, 1, 2, 3, 4, 5};
  const std::vector<double> values = {0, 10, 11, 30, 38, 60};
  std::vector<double> slopes;
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = i + 1; j < 6; ++j) slopes.push_back((values[j] - values[i]) / (times[j] - times[i]));
  }
  std::sort(slopes.begin(), slopes.end());
  const auto slope = theil_sen(times, values);
  ASSERT_TRUE(slope);
  EXPECT_DOUBLE_EQ(slope->lower, slopes[1]);
  EXPECT_DOUBLE_EQ(slope->point, slopes[7]);
  EXPECT_DOUBLE_EQ(slope->upper, slopes[13]);
}

TEST(TheilSen, UsesGilbertsRanksBeyondSixty) {
  std::vector<double> times;
  std::vector<double> values;
  unsigned state = 1;
  for (int i = 0; i < 100; ++i) {
    state = state * 1664525 + 1013904223;
    times.push_back(i);
    values.push_back(0.5 * i + (state >> 16) % 100);
  }
  std::vector<double> slopes;
  for (std::size_t i = 0; i < 100; ++i) {
    for (std::size_t j = i + 1; j < 100; ++j) slopes.push_back((values[j] - values[i]) / (times[j] - times[i]));
  }
  std::sort(slopes.begin(), slopes.end());
  const auto slope = theil_sen(times, values);
  ASSERT_TRUE(slope);
  // N = 4950, C = 1.959964 * sqrt(100 * 99 * 205 / 18) = 658.1, M1 = 2145.9, M2 + 1 = 2805.1 (ranks from 1).
  EXPECT_DOUBLE_EQ(slope->lower, slopes[2144]);
  EXPECT_DOUBLE_EQ(slope->upper, slopes[2805]);
  EXPECT_LT(slope->lower, 0.5);
  EXPECT_GT(slope->upper, 0.5);
}

TEST(TheilSen, NeedsTwoDifferentTimes) {
  EXPECT_FALSE(theil_sen({}, {}));
  EXPECT_FALSE(theil_sen(std::vector<double>{1, 1}, std::vector<double>{1, 2}));
  const auto two = theil_sen(std::vector<double>{1, 3}, std::vector<double>{1, 2});
  ASSERT_TRUE(two);
  EXPECT_DOUBLE_EQ(two->lower, 0.5);
  EXPECT_DOUBLE_EQ(two->upper, 0.5);
}

}  // namespace
}  // namespace leakscope::analysis::stats
