#include <vector>

#include <gtest/gtest.h>

#include "analysis/trend/trend.h"

namespace leakscope::analysis::trend {
namespace {

Judgement judged(const std::vector<std::int64_t>& rounds, std::int64_t floor = 0) {
  Options options;
  options.absolute_floor = floor;
  return judge_rounds(rounds, options);
}

TEST(Rounds, FiveThatRiseAreALeakPerRound) {
  const Judgement judgement = judged({1000, 1100, 1205, 1300, 1398});
  EXPECT_EQ(judgement.shape, Shape::kGrowing);
  EXPECT_EQ(judgement.basis, Basis::kRounds);
  EXPECT_EQ(judgement.blocks, 5);
  EXPECT_NEAR(judgement.p_value, 1.0 / 120, 1e-12);
  ASSERT_TRUE(judgement.rate);
  EXPECT_NEAR(judgement.rate->point, 100, 2);
  EXPECT_EQ(judgement.pattern, Pattern::kSteady);
}

TEST(Rounds, FourAreTooFew) {
  EXPECT_EQ(judged({1, 2, 3, 4}).shape, Shape::kInsufficient);
  EXPECT_EQ(judged({}).shape, Shape::kInsufficient);
}

TEST(Rounds, OneStepIsAStep) {
  EXPECT_EQ(judged({0, 500, 501, 502, 503, 504, 505, 506}, 50).shape, Shape::kStep);
  EXPECT_EQ(judged({0, 0, 0, 0, 500, 500, 500, 500, 500, 500}).shape, Shape::kStep);
}

TEST(Rounds, WarmUpSaturates) {
  EXPECT_EQ(judged({0, 400, 600, 700, 750, 775, 788, 794, 797, 799}).shape, Shape::kSaturating);
}

TEST(Rounds, NoiseAndEqualValuesAreFlat) {
  EXPECT_EQ(judged({10, 12, 9, 11, 10, 12, 9, 11}).shape, Shape::kFlat);
  EXPECT_EQ(judged({7, 7, 7, 7, 7, 7}).shape, Shape::kFlat);
  EXPECT_EQ(judged({100, 101, 102, 103, 104, 105}, 1000).stopped_by, Gate::kSize);
}

}  // namespace
}  // namespace leakscope::analysis::trend
