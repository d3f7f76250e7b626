#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "analysis/trend/trend.h"

namespace leakscope::analysis::trend {
namespace {

using Values = std::vector<std::int64_t>;

Judgement judged(const Values& rounds, std::int64_t floor = 0) {
  Options options;
  options.absolute_floor = floor;
  return judge_rounds({.ends = rounds, .rests = {}}, options);
}

/// Level after each of n rounds.
template <class Rise>
Values levels(int n, Rise rise_of_round) {
  Values values;
  std::int64_t level = 1000;
  for (int i = 0; i < n; ++i) values.push_back(level += rise_of_round(i));
  return values;
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
  EXPECT_EQ(judged({7}).shape, Shape::kInsufficient);
}

TEST(Rounds, OneEachIsExactlyOne) {
  const Judgement judgement = judged(levels(19, [](int) { return 1; }));
  EXPECT_EQ(judgement.shape, Shape::kGrowing);
  EXPECT_EQ(judgement.rate->lower, 1);
  EXPECT_EQ(judgement.rate->point, 1);
  EXPECT_EQ(judgement.rate->upper, 1);
  EXPECT_LT(judgement.p_value, 1e-9);
}

TEST(Rounds, ASmallLeakUnderNoiseIsFoundWithItsRate) {
  std::mt19937 random(7);
  std::normal_distribution<double> noise(0, 2);
  int found = 0;
  int held = 0;
  for (int i = 0; i < 200; ++i) {
    Values values;
    for (int round = 0; round < 20; ++round) {
      values.push_back(5000 + round + std::llround(noise(random)));
    }
    const Judgement judgement = judged(values);
    if (judgement.shape != Shape::kGrowing) continue;
    ++found;
    held += judgement.rate->lower <= 1 && 1 <= judgement.rate->upper ? 1 : 0;
  }
  EXPECT_GE(found, 150);
  EXPECT_GE(held, found * 88 / 100);
}

TEST(Rounds, OneStepIsAStep) {
  EXPECT_EQ(judged({0, 500, 501, 502, 503, 504, 505, 506}, 50).shape, Shape::kStep);
  EXPECT_EQ(judged({0, 0, 0, 0, 0, 500, 500, 500, 500, 500}).shape, Shape::kFlat) << "it moved once";
}

TEST(Rounds, WarmUpSaturates) {
  EXPECT_EQ(judged({0, 400, 600, 700, 750, 775, 788, 794, 797, 799}).shape, Shape::kSaturating);
  const auto five = levels(19, [](int i) { return i < 5 ? 40 : 0; });
  EXPECT_NE(judged(five).shape, Shape::kGrowing);
  const auto approach = levels(30, [](int i) { return std::llround(1e6 * std::exp(-i / 4.0)); });
  EXPECT_EQ(judged(approach).shape, Shape::kSaturating);
}

TEST(Rounds, BehindAWarmUpTheRestCounts) {
  const auto values = levels(19, [](int i) { return i < 6 ? 30 : 1; });
  const Judgement judgement = judged(values);
  EXPECT_EQ(judgement.shape, Shape::kGrowing);
  EXPECT_GE(judgement.warm_up, 5);
  EXPECT_LE(judgement.warm_up, 9);
  EXPECT_EQ(judgement.rate->point, 1);
  EXPECT_LT(judgement.p_value, 1e-5);
}

TEST(Rounds, NoiseAndEqualValuesAreFlat) {
  EXPECT_EQ(judged({10, 12, 9, 11, 10, 12, 9, 11}).shape, Shape::kFlat);
  const Judgement still = judged({7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7});
  EXPECT_EQ(still.shape, Shape::kFlat);
  EXPECT_EQ(still.detectable_rate, 0.5) << "eight steps of one in sixteen rounds";
  EXPECT_EQ(judged({100, 101, 102, 103, 104, 105}, 1000).stopped_by, Gate::kSize);
}

TEST(Rounds, StairsOfASlabAreNoProofUntilThereAreEnough) {
  const auto stairs = [](int n) { return levels(n, [](int i) { return i % 8 == 7 ? 8 : 0; }); };
  EXPECT_EQ(judged(stairs(20)).shape, Shape::kFlat) << "two steps up are chance";
  const Judgement many = judged(stairs(100));
  EXPECT_EQ(many.shape, Shape::kGrowing);
  EXPECT_NEAR(many.rate->point, 1, 0.1);
}

TEST(Rounds, RandomWalksAreRarelyGrowing) {
  std::mt19937 random(11);
  std::normal_distribution<double> step(0, 100);
  int growing = 0;
  int sure = 0;
  for (int i = 0; i < 2000; ++i) {
    const Judgement judgement = judged(levels(19, [&](int) { return std::llround(step(random)); }));
    growing += judgement.shape == Shape::kGrowing ? 1 : 0;
    sure += judgement.shape == Shape::kGrowing && judgement.p_value < 1e-4 ? 1 : 0;
  }
  RecordProperty("growing", growing);
  EXPECT_LE(growing, 45) << "of 2000";
  EXPECT_LE(sure, 30);
}

TEST(Rounds, WhatOthersMoveIsJudgedAgainstAWalk) {
  const Values noisy{2843, 2790, 2901, 2850, 2960, 2911, 2875, 3010, 2950, 3080, 3020, 3115};
  EXPECT_EQ(judged(noisy).shape, Shape::kGrowing) << "as the server's own it would be";
  const Judgement shared = judge_rounds({.ends = noisy, .rests = {}, .is_shared = true}, {});
  EXPECT_EQ(shared.shape, Shape::kFlat);
  EXPECT_GT(*shared.detectable_rate, 25);
  const auto steady = levels(19, [](int) { return 1; });
  const Judgement leak = judge_rounds({.ends = steady, .rests = {}, .is_shared = true}, {});
  EXPECT_EQ(leak.shape, Shape::kGrowing);
  EXPECT_LT(leak.p_value, 1e-4);
  std::mt19937 random(13);
  std::normal_distribution<double> step(0, 100);
  int growing = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto walk = levels(19, [&](int) { return std::llround(step(random)); });
    growing += judge_rounds({.ends = walk, .rests = {}, .is_shared = true}, {}).shape == Shape::kGrowing ? 1 : 0;
  }
  EXPECT_LE(growing, 15) << "of 2000";
}

Judgement judged_with_rests(std::int64_t in_load, std::int64_t in_rest, double share) {
  const auto ends = levels(19, [&](int) { return in_load + in_rest; });
  const Values rests(19, in_rest);
  return judge_rounds({.ends = ends, .rests = rests, .rest_share = share}, {});
}

TEST(Rounds, WhatGrowsWithTimeIsNotTheLoads) {
  const Judgement by_time = judged_with_rests(6, 5, 0.45);
  EXPECT_EQ(by_time.shape, Shape::kFollowsLoad);
  EXPECT_EQ(by_time.stopped_by, Gate::kLoad);
  EXPECT_TRUE(by_time.load.starts_with("time"));
  EXPECT_EQ(judged_with_rests(10, 0, 0.45).shape, Shape::kGrowing);
  EXPECT_EQ(judged_with_rests(10, 1, 0.45).shape, Shape::kGrowing) << "time explains a fifth";
  EXPECT_EQ(judged_with_rests(0, 10, 0.45).shape, Shape::kGrowing) << "work that is done late";
  EXPECT_EQ(judged_with_rests(10, 1, 0.01).shape, Shape::kGrowing) << "the rest is too short to tell";
}

}  // namespace
}  // namespace leakscope::analysis::trend
