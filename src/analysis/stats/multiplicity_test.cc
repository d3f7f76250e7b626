#include "analysis/stats/multiplicity.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace leakscope::analysis::stats {
namespace {

// The 15 p-values of Benjamini and Hochberg (1995), section 3.2: at 0.05 four are rejected.
TEST(BenjaminiHochberg, RejectsFourInItsOwnExample) {
  const std::vector<double> p = {0.0201, 0.0001, 0.0004, 0.0019, 0.0095, 0.0278, 0.0298, 0.0344,
                                 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000};
  const auto q = benjamini_hochberg(p);
  int rejected = 0;
  for (const double value : q) rejected += value <= 0.05 ? 1 : 0;
  EXPECT_EQ(rejected, 4);
  EXPECT_NEAR(q[1], 0.0015, 1e-12);
  EXPECT_NEAR(q[2], 0.003, 1e-12);
  EXPECT_NEAR(q[3], 0.0095, 1e-12);
  EXPECT_NEAR(q[4], 0.035625, 1e-12);
  EXPECT_NEAR(q[0], 0.0603, 1e-12);
  EXPECT_EQ(q[14], 1.0);
}

TEST(BenjaminiYekutieli, IsHarmonicallyStricter) {
  const auto q = benjamini_yekutieli(std::vector<double>{0.01, 0.5, 0.02});
  EXPECT_NEAR(q[0], 0.03 * (1 + 0.5 + 1.0 / 3), 1e-12);
  EXPECT_NEAR(q[2], 0.03 * (1 + 0.5 + 1.0 / 3), 1e-12);
  EXPECT_NEAR(q[1], 0.5 * (1 + 0.5 + 1.0 / 3), 1e-12);
}

TEST(Combination, OfAParent) {
  EXPECT_NEAR(simes(std::vector<double>{0.04, 0.9, 0.03}), 0.06, 1e-12);
  EXPECT_NEAR(simes(std::vector<double>{0.001, 0.9, 0.8, 1.0}), 0.004, 1e-12);
  EXPECT_EQ(simes({}), 1.0);
  // Two values: p1 p2 (1 - ln(p1 p2)).
  EXPECT_NEAR(fisher_combined(std::vector<double>{0.1, 0.2}), 0.02 * (1 - std::log(0.02)), 1e-12);
  EXPECT_NEAR(fisher_combined(std::vector<double>{0.37}), 0.37, 1e-12);
  EXPECT_EQ(fisher_combined({}), 1.0);
  EXPECT_GE(fisher_combined(std::vector<double>{0.0, 0.5}), 0.0);
  EXPECT_EQ(fisher_combined(std::vector<double>{1.0, 1.0}), 1.0);
}

}  // namespace
}  // namespace leakscope::analysis::stats
