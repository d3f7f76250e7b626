#include <algorithm>
#include <array>
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

Judgement judged_with_rests(std::int64_t in_load, std::int64_t in_rest, double share, int n = 19) {
  const auto ends = levels(n, [&](int) { return in_load + in_rest; });
  const Values rests(static_cast<std::size_t>(n), in_rest);
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
}

TEST(Rounds, WhatTimeMayExplainTakesMoreRounds) {
  const Judgement brief = judged_with_rests(10, 0, 0.6, 6);
  EXPECT_EQ(brief.shape, Shape::kInsufficient) << "0.4^5 is one in a hundred";
  EXPECT_EQ(brief.stopped_by, Gate::kLoad);
  ASSERT_TRUE(brief.needed_rounds);
  EXPECT_EQ(judged_with_rests(10, 0, 0.6, *brief.needed_rounds).shape, Shape::kGrowing);
  const Judgement short_rests = judged_with_rests(10, 0, 0.1);
  EXPECT_EQ(short_rests.shape, Shape::kInsufficient);
  ASSERT_TRUE(short_rests.needed_rounds);
  EXPECT_EQ(judged_with_rests(10, 0, 0.1, *short_rests.needed_rounds).shape, Shape::kGrowing);
  EXPECT_EQ(judged_with_rests(10, 0, 0.1, *short_rests.needed_rounds - 4).shape, Shape::kInsufficient);
  EXPECT_EQ(judged_with_rests(10, 0, 0).needed_rounds, std::nullopt) << "no rests, and however many";
}

TEST(Rounds, OneThatComesByItselfOnceARoundIsNotTheLoads) {
  const Values rests{0, 1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0};
  const auto ends = levels(12, [](int) { return 1; });
  const Judgement threads = judge_rounds({.ends = ends, .rests = rests, .rest_share = 0.48, .is_shared = true}, {});
  EXPECT_EQ(threads.shape, Shape::kFollowsLoad) << "5 of 11 lie where nothing runs";
  const Values never(12, 0);
  EXPECT_EQ(judge_rounds({.ends = ends, .rests = never, .rest_share = 0.48, .is_shared = true}, {}).shape,
            Shape::kGrowing);
}

/// Rounds as the session makes them with --settle 2s, where a look takes 50 ms.
struct MadeRounds {
  static constexpr double kLook = 0.05;

  Values ends;
  Values rests;
  double rest_share = 0;

  static double before_rest(double command) { return kLook + command + 1; }
  static double short_rest(double command) { return std::max(1.0, before_rest(command) / 3); }
  static double longer_by(double command) { return std::max(short_rest(command), before_rest(command) * 3 / 4); }
  static double mean(double command) {
    return before_rest(command) + kLook + short_rest(command) + longer_by(command) / 2;
  }

  template <class Level>
  MadeRounds(int n, double command, std::mt19937& random, Level level_at) {
    std::uniform_real_distribution<double> about(0.6, 1.4);
    double now = 0;
    double resting = 0;
    for (int i = 1; i <= n; ++i) {
      now += before_rest(command);
      const double longer = (random() & 1U) != 0 ? about(random) * longer_by(command) : 0;
      const double rest = kLook + short_rest(command) + longer;
      const std::int64_t rested_from = level_at(now, i);
      now += rest;
      resting += rest;
      ends.push_back(level_at(now, i));
      rests.push_back(ends.back() - rested_from);
    }
    rest_share = resting / now;
  }

  [[nodiscard]] Shape judged(bool is_shared) const {
    return judge_rounds({.ends = ends, .rests = rests, .rest_share = rest_share, .is_shared = is_shared}, {}).shape;
  }
};

constexpr int kRuns = 100;

/// Of kRuns runs of 20 rounds, how many are called growing and how many insufficient.
struct Called {
  int growing = 0;
  int insufficient = 0;
};

/// `make` gives a function of time and rounds for each run.
template <class Make>
Called called(double command, bool is_shared, Make make) {
  std::mt19937 random(17);
  Called called;
  for (int run = 0; run < kRuns; ++run) {
    const Shape shape = MadeRounds(20, command, random, make(random)).judged(is_shared);
    called.growing += shape == Shape::kGrowing ? 1 : 0;
    called.insufficient += shape == Shape::kInsufficient ? 1 : 0;
  }
  return called;
}

/// One each `every` seconds, from a random moment on.
auto by_the_clock(double every) {
  return [every](std::mt19937& random) {
    const double phase = std::uniform_real_distribution<double>(0, 1)(random);
    return [=](double time, int) { return static_cast<std::int64_t>(std::floor(time / every + phase)); };
  };
}

/// By chance, one each `every` seconds.
auto by_chance(double every) {
  return [every](std::mt19937& random) {
    std::exponential_distribution<double> wait(1 / every);
    std::vector<double> times{wait(random)};
    while (times.back() < 2000) times.push_back(times.back() + wait(random));
    return [times](double time, int) {
      return static_cast<std::int64_t>(std::ranges::upper_bound(times, time) - times.begin());
    };
  };
}

/// Bytes that rise with time, with noise about that.
auto bytes(double per_second, double noise) {
  return [=](std::mt19937& random) {
    return [=, own = std::mt19937(random())](double time, int) mutable {
      return std::llround(per_second * time + noise * std::normal_distribution<double>()(own));
    };
  };
}

/// What each round leaves behind, with noise about it.
auto per_round(double amount, double noise) {
  return [=](std::mt19937& random) {
    return [=, own = std::mt19937(random())](double, int round) mutable {
      return std::llround(amount * round + noise * std::normal_distribution<double>()(own));
    };
  };
}

constexpr std::array kCommands{0.005, 0.3, 1.0, 3.0, 10.0};  // seconds

// A clock whose pace is that of the rounds is the worst: only the chance in the rests takes it out of step.
TEST(Rounds, WhatGrowsWithTimeIsRarelyCalledALeak) {
  constexpr std::array kPaces{0.3, 0.5, 0.7, 0.9, 0.95, 1.0, 1.05, 1.25, 1.5, 2.0, 3.0};  // per round
  int by_clock = 0;
  int at_random = 0;
  for (const double command : kCommands) {
    for (const double pace : kPaces) {
      const double every = MadeRounds::mean(command) / pace;
      const int clock = called(command, true, by_the_clock(every)).growing;
      EXPECT_LE(clock, kRuns / 10) << command << " s, " << pace << " per round";
      by_clock += clock;
      at_random += called(command, true, by_chance(every)).growing;
    }
    for (const double noise : {0.0, 1e5, 1e6, 3e6}) {
      EXPECT_LE(called(command, true, bytes(1e6, noise)).growing, 2) << command << " s, noise of " << noise;
    }
  }
  RecordProperty("by_clock", by_clock);
  RecordProperty("at_random", at_random);
  const int runs = kRuns * static_cast<int>(kCommands.size() * kPaces.size());
  EXPECT_LE(by_clock, runs / 100);
  EXPECT_LE(at_random, runs / 500);
}

TEST(Rounds, WhatEachRoundLosesIsFoundInTwenty) {
  for (const double command : kCommands) {
    EXPECT_GE(called(command, false, per_round(1, 0)).growing, kRuns * 98 / 100) << command << " s";
    EXPECT_GE(called(command, true, per_round(1, 0)).growing, kRuns * 98 / 100) << command << " s";
    EXPECT_GE(called(command, false, per_round(80, 8)).growing, kRuns * 98 / 100) << command << " s";
    EXPECT_GE(called(command, false, per_round(80, 16)).growing, kRuns * 70 / 100) << command << " s";
    EXPECT_EQ(called(command, false, per_round(0, 16)).insufficient, 0) << "nothing is lost";
    const Called noisy = called(command, false, per_round(80, 40));
    EXPECT_GE(noisy.growing + noisy.insufficient, kRuns * 90 / 100) << "it is found, or more rounds are asked for";
  }
}

}  // namespace
}  // namespace leakscope::analysis::trend
