#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include "analysis/stats/autocorrelation.h"
#include "analysis/stats/change_point.h"
#include "analysis/stats/quantile.h"
#include "analysis/stats/regression.h"

namespace leakscope::analysis::stats {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

double noise(unsigned& state) {
  state = state * 1664525 + 1013904223;
  return (state >> 8) / 16777216.0 - 0.5;
}

TEST(Quantile, IsTypeSeven) {
  const std::vector<double> values = {15, 20, 35, 40, 50};
  EXPECT_NEAR(quantile(values, 0.4), 29, 1e-12);
  EXPECT_NEAR(quantile(values, 0.05), 16, 1e-12);
  EXPECT_EQ(quantile(values, 0), 15);
  EXPECT_EQ(quantile(values, 1), 50);
  EXPECT_EQ(median(std::vector<double>{4, 1, 3, 2}), 2.5);
  EXPECT_EQ(mad(std::vector<double>{1, 1, 2, 2, 4, 6, 9}), 1);
  EXPECT_TRUE(std::isnan(quantile({}, 0.5)));
}

TEST(Quantile, SelectsAsASortDoes) {
  unsigned state = 21;
  for (const std::size_t n : {1U, 2U, 3U, 10U, 66U, 500U}) {
    for (const int kinds : {2, 5, 1000}) {
      std::vector<double> values;
      values.reserve(n);
      for (std::size_t i = 0; i < n; ++i) values.push_back(std::floor(kinds * noise(state)));
      auto sorted = values;
      std::sort(sorted.begin(), sorted.end());
      for (std::size_t rank = 0; rank < n; rank += 1 + n / 7) {
        auto copy = values;
        select_in_place(copy, rank);
        EXPECT_EQ(copy[rank], sorted[rank]);
        for (std::size_t i = 0; i < rank; ++i) EXPECT_LE(copy[i], copy[rank]);
        for (std::size_t i = rank; i < n; ++i) EXPECT_GE(copy[i], copy[rank]);
      }
    }
  }
}

TEST(Autocorrelation, OfAShortSeriesByHand) {
  const std::vector<double> residuals = {1, -1, 1, -1};
  const Autocorrelation acf(residuals);
  EXPECT_NEAR(acf.at(0), 1, 1e-12);
  EXPECT_NEAR(acf.at(1), -0.75, 1e-12);
  EXPECT_NEAR(acf.at(2), 0.5, 1e-12);
  EXPECT_EQ(acf.at(4), 0);
}

TEST(Autocorrelation, RemovesALineThroughGaps) {
  const auto residuals = detrended(std::vector<double>{1, 3, kMissing, 7, kMissing, kMissing, 13});
  for (const double r : residuals) EXPECT_NEAR(r, 0, 1e-12);
  EXPECT_TRUE(Autocorrelation(std::vector<double>(9, 0.0)).degenerate());
  EXPECT_EQ(correlation_length(Autocorrelation(std::vector<double>(9, 0.0))), 1U);
}

TEST(Autocorrelation, LengthOfAutoregressiveNoise) {
  // 0.9^k falls below 0.2 at k = 16; the estimate of 4000 values is near it.
  unsigned state = 7;
  std::vector<double> values;
  values.reserve(4000);
  double x = 0;
  for (int i = 0; i < 4000; ++i) values.push_back(x = 0.9 * x + noise(state));
  const auto residuals = detrended(values);
  const Autocorrelation acf(residuals);
  const auto length = correlation_length(acf);
  EXPECT_GE(length, 12U);
  EXPECT_LE(length, 20U);
  EXPECT_FALSE(period(acf, length));
}

TEST(Period, IsFoundInSinesAndSawteethAndNotInNoise) {
  unsigned state = 3;
  std::vector<double> sine;
  std::vector<double> saw;
  std::vector<double> white;
  for (int i = 0; i < 300; ++i) {
    sine.push_back(std::sin(2 * std::numbers::pi * i / 40.0) + 0.3 * noise(state));
    saw.push_back(i % 36 + noise(state));
    white.push_back(noise(state));
  }
  const auto found = [](const std::vector<double>& values) {
    const auto residuals = detrended(values);
    const Autocorrelation acf(residuals);
    return period(acf, correlation_length(acf)).value_or(0);
  };
  EXPECT_NEAR(static_cast<double>(found(sine)), 40, 1);
  EXPECT_NEAR(static_cast<double>(found(saw)), 36, 1);
  EXPECT_EQ(found(white), 0U);
}

TEST(HuberFit, IgnoresOutliersAndFindsTwoCovariates) {
  unsigned state = 11;
  std::vector<double> y;
  std::vector<std::vector<double>> x(2);
  for (int i = 0; i < 60; ++i) {
    x[0].push_back(1e9 + 1000 * noise(state));
    x[1].push_back(i);
    y.push_back(4 + 0.25 * (x[0].back() - 1e9) - 3 * x[1].back() + 0.01 * noise(state));
  }
  y[5] += 5000;
  y[41] -= 3000;
  const auto fit = huber_fit(y, x);
  ASSERT_TRUE(fit);
  EXPECT_NEAR(fit->coefficients[0], 0.25, 1e-4);
  EXPECT_NEAR(fit->coefficients[1], -3, 1e-3);
  EXPECT_LT(fit->scale, 0.02);
  EXPECT_NEAR(fit->residuals[5], 5000, 1);
}

TEST(HuberFit, RefusesWhatIsNotDetermined) {
  const std::vector<double> y = {1, 2, 3, 4, 5};
  const std::vector<std::vector<double>> constant = {{7, 7, 7, 7, 7}};
  const std::vector<std::vector<double>> collinear = {{1, 2, 3, 4, 5}, {2, 4, 6, 8, 10}};
  EXPECT_FALSE(huber_fit(y, constant));
  EXPECT_FALSE(huber_fit(y, collinear));
}

TEST(ChangePoint, IsFoundWhereTheLevelChanges) {
  const std::vector<double> values = {1, 2, 1, 2, 1, 9, 8, 9, 8, 9};
  const auto ranks = pettitt(values);
  ASSERT_TRUE(ranks);
  EXPECT_EQ(ranks->first_after, 5U);
  // K = 25: 2 exp(-6 * 625 / 1100).
  EXPECT_NEAR(ranks->p_value, 2 * std::exp(-6.0 * 625 / 1100), 1e-12);
  const auto levels = two_levels(values);
  ASSERT_TRUE(levels);
  EXPECT_EQ(levels->first_after, 5U);
  EXPECT_NEAR(levels->before, 1.4, 1e-12);
  EXPECT_NEAR(levels->after, 8.6, 1e-12);
  EXPECT_NEAR(levels->squares_two_levels, 2.4, 1e-9);
  EXPECT_NEAR(levels->squares_one_level, 132, 1e-9);
  EXPECT_FALSE(two_levels(std::vector<double>{1, 2, 3}));
}

}  // namespace
}  // namespace leakscope::analysis::stats
