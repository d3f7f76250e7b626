#include "analysis/stats/mann_kendall.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace leakscope::analysis::stats {
namespace {

struct Case {
  std::vector<double> values;
  std::int64_t s;
  double p;
};

// p: the share of all n! orders of the values whose S is at least this one, counted one by one by a separate program.
TEST(MannKendall, IsTheExactPermutationTestWithAndWithoutTies) {
  const std::vector<Case> cases = {
      {{1, 2, 3, 4, 5}, 10, 1.0 / 120},
      {{1, 2, 3, 5, 4}, 8, 5.0 / 120},
      {{1, 1, 2}, 2, 2.0 / 6},
      {{1, 1, 2, 2, 3, 3}, 12, 8.0 / 720},
      {{3, 1, 2, 2, 4, 4, 4}, 11, 288.0 / 5040},
      {{0, 0, 0, 0, 0, 0, 1}, 6, 720.0 / 5040},
      {{0, 0, 0, 1, 1, 1, 1}, 12, 144.0 / 5040},
      {{2, 1, 3, 5, 4, 7, 6, 8}, 22, 111.0 / 40320},
      {{1, 2, 1, 2, 1, 2, 3}, 9, 504.0 / 5040},
      {{5, 4, 3, 2, 1}, -10, 1.0},
  };
  for (const Case& test : cases) {
    const MannKendall result = mann_kendall_rise(test.values);
    EXPECT_EQ(result.s, test.s);
    EXPECT_NEAR(result.p_value, test.p, 1e-12);
  }
}

// Exact rational arithmetic of the distribution of inversions.
TEST(MannKendall, KeepsItsPrecisionUpToSixtyValues) {
  const std::vector<int> twenty(20, 1);
  const std::vector<int> forty(40, 1);
  const std::vector<int> sixty(60, 1);
  EXPECT_NEAR(kendall_lower_tail(50, twenty), 0.0014971795584084882, 1e-13);
  EXPECT_NEAR(kendall_lower_tail(250, forty), 0.00046525060099411375, 1e-12);
  EXPECT_NEAR(kendall_lower_tail(700, sixty), 0.009071053521756715, 1e-11);
  EXPECT_NEAR(kendall_lower_tail(885, sixty), 0.5025329631278362, 1e-9);
}

// Kendall's table (Gilbert 1987, A18): P is at most 2.5 % from S = 10, 13, 15, 18, 23 on for n = 5 to 8 and 10.
TEST(MannKendall, HasThePublishedCriticalValues) {
  EXPECT_EQ(kendall_critical(4, 0.025), -1);
  EXPECT_EQ(10 - 2 * kendall_critical(5, 0.025), 10);
  EXPECT_EQ(15 - 2 * kendall_critical(6, 0.025), 13);
  EXPECT_EQ(21 - 2 * kendall_critical(7, 0.025), 15);
  EXPECT_EQ(28 - 2 * kendall_critical(8, 0.025), 18);
  EXPECT_EQ(45 - 2 * kendall_critical(10, 0.025), 23);
  EXPECT_EQ(66 - 2 * kendall_critical(12, 0.01), 36);
  EXPECT_EQ(1770 - 2 * kendall_critical(60, 0.01), 366);
  EXPECT_EQ(kendall_critical(5, 1.0 / 120), 0);
}

TEST(MannKendall, SaysNothingAboutEqualOrTooFewValues) {
  EXPECT_EQ(mann_kendall_rise({}).p_value, 1.0);
  EXPECT_EQ(mann_kendall_rise(std::vector<double>{7}).p_value, 1.0);
  EXPECT_EQ(mann_kendall_rise(std::vector<double>(40, 7)).p_value, 1.0);
  EXPECT_EQ(mann_kendall_rise(std::vector<double>(400, 7)).p_value, 1.0);
}

TEST(MannKendall, IsNormalWithTiesBeyondSixty) {
  // 100 values in groups of four that rise: S = 4950 - 25 * 6, Kendall's variance by hand.
  std::vector<double> values;
  values.reserve(100);
  for (int i = 0; i < 100; ++i) values.push_back(std::floor(i / 4.0));
  const MannKendall result = mann_kendall_rise(values);
  EXPECT_EQ(result.s, 4800);
  const std::vector<int> groups(25, 4);
  EXPECT_NEAR(kendall_variance(100, groups), (100.0 * 99 * 205 - 25 * 4 * 3 * 13) / 18, 1e-6);
  EXPECT_LT(result.p_value, 1e-40);
  std::reverse(values.begin(), values.end());
  EXPECT_GT(mann_kendall_rise(values).p_value, 0.999999);
}

}  // namespace
}  // namespace leakscope::analysis::stats
