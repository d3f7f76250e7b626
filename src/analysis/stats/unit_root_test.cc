#include "analysis/stats/unit_root.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "analysis/stats/autocorrelation.h"

namespace leakscope::analysis::stats {
namespace {

double noise(unsigned& state) {
  state = state * 1664525 + 1013904223;
  return (state >> 8) / 16777216.0 - 0.5;
}

// The t value of a regression through the origin, written out.
TEST(DickeyFuller, IsATValue) {
  const std::vector<double> r = {1, 1, -1, 1, 1, -1, 0};
  double products = 0;
  double squares = 0;
  double steps = 0;
  for (std::size_t i = 1; i < r.size(); ++i) {
    products += r[i - 1] * (r[i] - r[i - 1]);
    squares += r[i - 1] * r[i - 1];
    steps += (r[i] - r[i - 1]) * (r[i] - r[i - 1]);
  }
  const double g = products / squares;
  const double variance = (steps - g * products) / 5;
  EXPECT_NEAR(dickey_fuller(r, 0), g / std::sqrt(variance / squares), 1e-12);
}

TEST(DickeyFuller, TellsNoiseFromAWalk) {
  unsigned state = 5;
  int walks_rejected = 0;
  int noises_rejected = 0;
  for (int series = 0; series < 200; ++series) {
    std::vector<double> walk;
    std::vector<double> red;
    double w = 0;
    double r = 0;
    for (int i = 0; i < 300; ++i) {
      walk.push_back(w += noise(state));
      red.push_back(r = 0.7 * r + noise(state));
    }
    const std::size_t lags = dickey_fuller_lags(300);
    walks_rejected += dickey_fuller(detrended(walk), lags) < dickey_fuller_critical_5(300) ? 1 : 0;
    noises_rejected += dickey_fuller(detrended(red), lags) < dickey_fuller_critical_5(300) ? 1 : 0;
  }
  // 5 % of 200, and what chance adds.
  EXPECT_LE(walks_rejected, 20);
  EXPECT_GE(walks_rejected, 2);
  EXPECT_GE(noises_rejected, 195);
}

TEST(DickeyFuller, SaysNothingAboutTooFewOrNoValues) {
  EXPECT_EQ(dickey_fuller({}, 3), 0);
  EXPECT_EQ(dickey_fuller(std::vector<double>(5, 1.0), 0), 0);
  EXPECT_EQ(dickey_fuller(std::vector<double>(50, 0.0), 2), 0);
  EXPECT_EQ(dickey_fuller_lags(100), 4U);
  EXPECT_EQ(dickey_fuller_lags(10), 0U);
  // The published 5 % and 1 % values at 25: -3.60 and -4.38.
  EXPECT_NEAR(dickey_fuller_critical_5(25), -3.60, 0.01);
  EXPECT_NEAR(dickey_fuller_critical_1(25), -4.38, 0.02);
}

}  // namespace
}  // namespace leakscope::analysis::stats
