#include "analysis/stats/distributions.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace leakscope::analysis::stats {
namespace {

TEST(Normal, HasThePublishedQuantiles) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_NEAR(normal_quantile(0.99), 2.3263478740408408, 1e-14);
  EXPECT_NEAR(normal_quantile(0.9), 1.2815515655446004, 1e-14);
  EXPECT_NEAR(normal_quantile(1e-10), -6.361340902404056, 1e-12);
  EXPECT_NEAR(normal_quantile(1e-100), -21.27345350, 1e-7);
  EXPECT_EQ(normal_quantile(0.5), 0.0);
  EXPECT_TRUE(std::isinf(normal_quantile(0)));
  EXPECT_TRUE(std::isinf(normal_quantile(1)));
  EXPECT_TRUE(std::isnan(normal_quantile(-0.1)));
  for (const double p : {1e-8, 1e-3, 0.2, 0.5, 0.77, 0.999})
    EXPECT_NEAR(normal_cdf(normal_quantile(p)), p, 1e-14 + 1e-13 * p);
  EXPECT_NEAR(normal_upper_tail(10), 7.61985302416e-24, 1e-34);
}

TEST(Binomial, SumsTheTails) {
  EXPECT_NEAR(binomial_upper_tail(8, 10, 0.5), 0.0546875, 1e-12);
  EXPECT_NEAR(binomial_upper_tail(3, 20, 0.05), 0.0754836737884963, 1e-12);
  EXPECT_NEAR(binomial_lower_tail(2, 20, 0.05), 1 - 0.0754836737884963, 1e-12);
  EXPECT_EQ(binomial_upper_tail(0, 5, 0.3), 1.0);
  EXPECT_EQ(binomial_upper_tail(6, 5, 0.3), 0.0);
  EXPECT_EQ(binomial_quantile(0.975, 100, 0.5), 60);
  EXPECT_EQ(binomial_quantile(0.025, 100, 0.5), 40);
}

// Clopper and Pearson's intervals as R's binom.test prints them.
TEST(Binomial, GivesTheExactIntervalOfAProportion) {
  const Proportion none = proportion_interval(0, 55, 0.95);
  EXPECT_EQ(none.lower, 0.0);
  EXPECT_NEAR(none.upper, 1 - std::pow(0.025, 1.0 / 55), 1e-9);
  const Proportion three = proportion_interval(3, 10, 0.95);
  EXPECT_NEAR(three.lower, 0.06673951, 1e-7);
  EXPECT_NEAR(three.upper, 0.6524529, 1e-7);
  EXPECT_EQ(proportion_interval(0, 0, 0.95).upper, 1.0);
}

// Against all 2^12 sign patterns of some sets of weights.
TEST(SignSums, AreBoundedForAnyWeights) {
  const double weights[3][12] = {{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
                                 {8, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
                                 {12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}};
  for (const auto& row : weights) {
    double norm = 0;
    for (const double w : row) norm += w * w;
    norm = std::sqrt(norm);
    for (const double z : {0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.4}) {
      int hits = 0;
      for (int mask = 0; mask < 4096; ++mask) {
        double sum = 0;
        for (int i = 0; i < 12; ++i) sum += (mask >> i & 1) != 0 ? row[i] : -row[i];
        hits += sum >= z * norm - 1e-9 ? 1 : 0;
      }
      EXPECT_LE(hits / 4096.0, sign_sum_tail_bound(z)) << z;
    }
  }
  EXPECT_EQ(sign_sum_tail_bound(-1), 1.0);
  EXPECT_LT(sign_sum_tail_bound(2.74), 0.01);
}

TEST(SignSums, AreExactForAFewSteps) {
  EXPECT_NEAR(sign_sum_tail(std::vector<double>{1, 1, 1, 1, 1}), 1.0 / 32, 1e-12);
  EXPECT_NEAR(sign_sum_tail(std::vector<double>{1, 1, 1, 1, -1}), 6.0 / 32, 1e-12);
  // Of 8 patterns of 3, 2, 1 two sum to at least 4.
  EXPECT_NEAR(sign_sum_tail(std::vector<double>{3, 2, -1}), 2.0 / 8, 1e-12);
  EXPECT_NEAR(sign_sum_tail(std::vector<double>{0, 2, 0, 0, 2, 0}), 1.0 / 4, 1e-12);
  EXPECT_EQ(sign_sum_tail(std::vector<double>{1, -3}), 1.0);
  EXPECT_EQ(sign_sum_tail({}), 1.0);
  EXPECT_DOUBLE_EQ(sign_sum_tail(std::vector<double>(16, 0.5)), sign_sum_tail_bound(4));
}

}  // namespace
}  // namespace leakscope::analysis::stats
