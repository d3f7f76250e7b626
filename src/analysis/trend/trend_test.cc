#include "analysis/trend/trend.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

namespace leakscope::analysis::trend {
namespace {

constexpr double kKiB = 1024;
constexpr double kMiB = 1024 * kKiB;
constexpr std::int64_t kSecond = 1'000'000'000;

/// The same numbers on every machine; roughly normal.
class Noise {
 public:
  explicit Noise(std::uint64_t seed) : state_(seed * 2 + 1) {}
  double uniform() {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<double>(state_ >> 33) / 2147483648.0;
  }
  double operator()() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return sum;
  }

 private:
  std::uint64_t state_;
};

using Curve = std::function<double(double)>;

BootTime at_second(double seconds) {
  return BootTime{Nanoseconds{static_cast<std::int64_t>(seconds * 1e9) + 500 * kSecond}};
}

model::Series sampled(int points, double period, const Curve& curve) {
  model::Series series;
  for (int i = 0; i < points; ++i) series.push_back({at_second(i * period), std::llround(curve(i * period))});
  return series;
}

Judgement judged(const model::Series& series) { return judge(series, {}); }

struct LiveCase {
  const char* name;
  Shape shape;
  Curve curve;  ///< bytes above 200 MiB at second t of 60
};

class LiveWindow : public testing::TestWithParam<LiveCase> {};

TEST_P(LiveWindow, HasTheShapeThatItHas) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Noise noise(seed);
    const auto series =
        sampled(61, 1, [&](double t) { return 200 * kMiB + GetParam().curve(t) + 16 * kKiB * noise(); });
    EXPECT_EQ(judged(series).shape, GetParam().shape) << "seed " << seed;
  }
}

double teeth(double t, double period, double height) { return height * (t / period - std::floor(t / period)); }

const std::vector<LiveCase>& live_cases() {
  static const std::vector<LiveCase> cases = {
      {"noise", Shape::kFlat, [](double) { return 0.0; }},
      {"leak", Shape::kGrowing, [](double t) { return 2 * kMiB * t; }},
      {"small_leak", Shape::kGrowing, [](double t) { return 16 * kKiB * t; }},
      {"shrinks", Shape::kFlat, [](double t) { return -2 * kMiB * t; }},
      {"plateau_after_20_s", Shape::kSaturating, [](double t) { return 5 * kMiB * std::min(t, 20.0); }},
      {"plateau_after_40_s", Shape::kSaturating, [](double t) { return 5 * kMiB * std::min(t, 40.0); }},
      {"plateau_after_50_s", Shape::kSaturating, [](double t) { return 5 * kMiB * std::min(t, 50.0); }},
      {"two_ramps_then_flat", Shape::kSaturating,
       [](double t) { return 4 * kMiB * (std::min(t, 10.0) + std::clamp(t - 20, 0.0, 10.0)); }},
      {"warm_up", Shape::kSaturating, [](double t) { return 80 * kMiB * (1 - std::exp(-t / 15)); }},
      {"start_up_then_leak", Shape::kGrowing, [](double t) { return 20 * kMiB * std::min(t, 10.0) + 1 * kMiB * t; }},
      {"leak_after_15_s", Shape::kGrowing, [](double t) { return kMiB * std::max(0.0, t - 15); }},
      {"leak_that_speeds_up", Shape::kGrowing, [](double t) { return kMiB * t * (1 + t / 60); }},
      {"step", Shape::kStep, [](double t) { return t < 25 ? 0 : 64 * kMiB; }},
      {"step_over_5_s", Shape::kStep, [](double t) { return 64 * kMiB * std::clamp((t - 25) / 5, 0.0, 1.0); }},
      {"late_step", Shape::kStep, [](double t) { return t < 55 ? 0 : 64 * kMiB; }},
      {"step_and_leak", Shape::kGrowing, [](double t) { return (t < 25 ? 0 : 200 * kMiB) + kMiB * t; }},
      {"sawtooth_of_25_s", Shape::kFlat, [](double t) { return teeth(t, 25, 100 * kMiB); }},
      {"sawtooth_of_40_s", Shape::kFlat, [](double t) { return teeth(t, 40, 100 * kMiB); }},
      {"sawtooth_of_50_s", Shape::kFlat, [](double t) { return teeth(t, 50, 100 * kMiB); }},
      {"sawtooth_of_57_s_cut_at_its_start", Shape::kFlat, [](double t) { return teeth(t + 54, 57, 100 * kMiB); }},
      {"sawtooth_to_nothing", Shape::kFlat, [](double t) { return teeth(t, 13, 900 * kMiB) - 190 * kMiB; }},
      {"sawtooth_of_5_s", Shape::kFlat, [](double t) { return teeth(t, 5, 20 * kMiB); }},
      {"leak_with_teeth", Shape::kGrowing, [](double t) { return kMiB * t + teeth(t, 5, 20 * kMiB); }},
      {"stairs_every_4_s", Shape::kGrowing, [](double t) { return 4 * kMiB * std::floor(t / 4); }},
      {"buffer_for_20_s", Shape::kFlat, [](double t) { return t > 20 && t < 40 ? 80 * kMiB : 0; }},
      {"leak_beside_a_buffer", Shape::kGrowing,
       [](double t) { return 2 * kMiB * t + (t > 20 && t < 24 ? 80 * kMiB : 0); }},
      {"one_dip_in_a_leak", Shape::kGrowing, [](double t) { return 2 * kMiB * t - (t == 30 ? 150 * kMiB : 0); }},
      {"job_that_ends", Shape::kFlat, [](double t) { return t < 54 ? kMiB * t : 0; }}};
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Known, LiveWindow, testing::ValuesIn(live_cases()),
                         [](const auto& one) { return one.param.name; });

TEST(Judge, GivesRateRiseAndIntervalOfALeak) {
  Noise noise(1);
  const auto series = sampled(61, 1, [&](double t) { return 1024 * kMiB + 2 * kMiB * t + 64 * kKiB * noise(); });
  const Judgement judgement = judged(series);
  ASSERT_EQ(judgement.shape, Shape::kGrowing);
  EXPECT_EQ(judgement.pattern, Pattern::kSteady);
  EXPECT_EQ(judgement.basis, Basis::kBlocks);
  EXPECT_EQ(judgement.stopped_by, Gate::kNone);
  EXPECT_EQ(judgement.blocks, 12);
  EXPECT_EQ(judgement.block_length, std::chrono::seconds(5));
  EXPECT_LT(judgement.p_value, 1e-6);
  ASSERT_TRUE(judgement.rate);
  EXPECT_NEAR(judgement.rate->point, 2 * kMiB, 0.02 * kMiB);
  EXPECT_LE(judgement.rate->lower, judgement.rate->point);
  EXPECT_GT(judgement.rate->lower, 1.9 * kMiB);
  EXPECT_LT(judgement.rate->upper, 2.1 * kMiB);
  EXPECT_NEAR(judgement.rise, 120 * kMiB, 3 * kMiB);
  EXPECT_EQ(judgement.rising_share, 1);
  EXPECT_EQ(judgement.falling_share, 0);
  ASSERT_TRUE(judgement.detectable_rate);
  EXPECT_LT(*judgement.detectable_rate, 0.1 * kMiB);
}

TEST(Judge, SeesThatTheLaterHalfStandsStillAmongTeeth) {
  // MiB of AnonPages, each second on 6.18: a program at its level after a third, a sawtooth of 10 s, a compiler.
  const std::vector<std::int64_t> anonymous = {
      407, 327, 456, 540, 576, 509, 600, 644, 386, 520, 559, 434, 570, 622, 662, 590, 693, 574, 523, 598, 648,
      564, 679, 717, 604, 708, 748, 783, 547, 645, 674, 570, 683, 722, 587, 715, 760, 780, 561, 645, 678, 549,
      687, 715, 589, 694, 764, 791, 543, 642, 679, 707, 638, 716, 745, 638, 742, 785, 664, 595, 675};
  model::Series series;
  for (std::size_t i = 0; i < anonymous.size(); ++i) {
    series.push_back({at_second(static_cast<double>(i)), anonymous[i] << 20});
  }
  Options options;
  options.absolute_floor = 1 << 20;
  EXPECT_EQ(judge(series, options).shape, Shape::kSaturating);
}

TEST(Judge, SeesALeakAtAnyLevel) {
  // 120 MiB are half a percent of 24 GiB: no share of the level may hide them.
  const auto series = sampled(61, 1, [](double t) { return 24 * 1024 * kMiB + 2 * kMiB * t; });
  EXPECT_EQ(judged(series).shape, Shape::kGrowing);
}

TEST(Judge, KeepsToTheAbsoluteFloor) {
  const auto series = sampled(61, 1, [](double t) { return 200 * kMiB + 8 * kKiB * t; });
  Options options;
  EXPECT_EQ(judge(series, options).shape, Shape::kGrowing);
  options.absolute_floor = 1 << 20;
  const Judgement below = judge(series, options);
  EXPECT_EQ(below.shape, Shape::kFlat);
  EXPECT_EQ(below.stopped_by, Gate::kSize);
  ASSERT_TRUE(below.detectable_rate);
  EXPECT_NEAR(*below.detectable_rate * 61, 1 << 20, 1);
}

TEST(Judge, CountsSmallNumbers) {
  const auto every_second = sampled(61, 1, [](double t) { return 20 + t; });
  const auto every_third = sampled(61, 1, [](double t) { return 20 + std::floor(t / 3); });
  const auto thrice = sampled(61, 1, [](double t) { return 5 + std::floor(t / 16); });
  EXPECT_EQ(judged(every_second).shape, Shape::kGrowing);
  EXPECT_EQ(judged(every_third).shape, Shape::kGrowing);
  // Three moves up and none down: one walk in eight does that.
  EXPECT_EQ(judged(thrice).shape, Shape::kInsufficient);
  ASSERT_TRUE(judged(thrice).needed);
  EXPECT_GT(*judged(thrice).needed, std::chrono::seconds(60));
}

// A program that takes memory at every tick of its clock, and a sampler with another clock: they beat.
TEST(Judge, SeesALeakWhoseTicksBeatWithTheSamples) {
  for (int tick = 90; tick <= 1100; tick += 1) {
    for (const int late : {0, 1, 7}) {
      model::Series series;
      for (int i = 0; i <= 60; ++i) {
        const int now = 1000 * i + (late * i * 17) % (3 * late + 1);
        series.push_back({BootTime{std::chrono::milliseconds(100'000 + now)},
                          static_cast<std::int64_t>(18 * kMiB) + std::int64_t{2097} * tick * (now / tick)});
      }
      EXPECT_EQ(judge(series, {}).shape, Shape::kGrowing) << tick << ' ' << late;
    }
  }
}

// A linker beside a leak, in samples of 4 s: two of them show 160 and 325 MiB more.
TEST(Judge, SeesALeakBesideAShortLargeBuffer) {
  for (int at = 2; at <= 26; ++at) {
    for (const bool whole_seconds : {false, true}) {
      model::Series series;
      for (int i = 0; i < 30; ++i) {
        const auto now = std::chrono::milliseconds(4050 * i);
        const double leak = 4.2 * kMiB * i + 100'000 * std::sin(i * 2.4);
        const double buffer = (i == at ? 160 * kMiB : i == at + 1 ? 325 * kMiB : 0);
        series.push_back({BootTime{std::chrono::seconds(100)} +
                              (whole_seconds ? std::chrono::floor<std::chrono::seconds>(now) : now),
                          static_cast<std::int64_t>(270 * kMiB + leak + buffer)});
      }
      const Judgement judgement = judge(series, {});
      EXPECT_EQ(judgement.shape, Shape::kGrowing) << at << ' ' << whole_seconds;
      EXPECT_NEAR(judgement.rate->point, 4.2 / 4.05 * kMiB, 0.1 * kMiB) << at << ' ' << whole_seconds;
    }
  }
}

TEST(Judge, CallsRareRisesThatStaySporadic) {
  Noise noise(4);
  double sum = 0;
  const auto series = sampled(601, 1, [&](double) { return 300 * kMiB + (sum += noise.uniform() < 0.04 ? kMiB : 0); });
  const Judgement judgement = judged(series);
  EXPECT_EQ(judgement.shape, Shape::kGrowing);
  EXPECT_EQ(judgement.basis, Basis::kDifferences);
  ASSERT_TRUE(judgement.rate);
  EXPECT_LT(judgement.rate->lower, sum / 600);
  EXPECT_GT(judgement.rate->upper, sum / 600);
  EXPECT_EQ(judgement.falling_share, 0);
}

TEST(Judge, SporadicIsUnderHalfOfTheBlocks) {
  // 12 blocks of 5 s; rises of 4 MiB in five of them, at uneven times.
  const auto series = sampled(61, 1, [](double t) {
    double sum = 0;
    for (const double at : {3.0, 9.0, 11.0, 13.0, 24.0, 26.0, 29.0, 41.0, 42.0, 44.0, 58.0})
      sum += t >= at ? 4 * kMiB : 0;
    return 100 * kMiB + sum;
  });
  const Judgement judgement = judged(series);
  EXPECT_EQ(judgement.shape, Shape::kGrowing);
  EXPECT_LT(judgement.p_value, 0.01);
  EXPECT_LT(judgement.rising_share, 0.8);
  EXPECT_EQ(judgement.falling_share, 0);
}

TEST(Judge, SaysWhenAStepWas) {
  const auto series = sampled(61, 1, [](double t) { return 100 * kMiB + (t < 25 ? 0 : 64 * kMiB); });
  const Judgement judgement = judged(series);
  ASSERT_EQ(judgement.shape, Shape::kStep);
  EXPECT_EQ(judgement.pattern, Pattern::kOneShot);
  EXPECT_EQ(judgement.stopped_by, Gate::kStep);
  ASSERT_TRUE(judgement.step_at);
  EXPECT_EQ(judgement.step_at->since_boot, at_second(25).since_boot);
  EXPECT_NEAR(judgement.rise, 64 * kMiB, 1);
}

TEST(Judge, RandomWalksAreSeldomGrowing) {
  int growing = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Noise noise(seed);
    double walk = 0;
    const auto series = sampled(61, 1, [&](double) { return 200 * kMiB + (walk += 400 * kKiB * noise()); });
    growing += judged(series).shape == Shape::kGrowing ? 1 : 0;
  }
  // 1 % of 400, and what chance adds.
  EXPECT_LE(growing, 10);
}

TEST(Judge, AnswersShortAndOddSeries) {
  EXPECT_EQ(judged({}).shape, Shape::kInsufficient);
  EXPECT_EQ(judged({}).stopped_by, Gate::kLength);
  EXPECT_FALSE(judged({}).covers_window);
  EXPECT_EQ(judged({{at_second(1), 5}}).shape, Shape::kInsufficient);
  EXPECT_EQ(judged({{at_second(1), 5}, {at_second(1), 7}}).shape, Shape::kInsufficient);
  const auto seven = sampled(7, 5, [](double t) { return 100 + t; });
  const Judgement judgement = judged(seven);
  EXPECT_EQ(judgement.shape, Shape::kInsufficient);
  ASSERT_TRUE(judgement.needed);
  EXPECT_GE(*judgement.needed, std::chrono::seconds(40));
  EXPECT_FALSE(judgement.rate);
}

TEST(Judge, FindsALeakInASourceOfEveryFiveSeconds) {
  const auto series = sampled(13, 5, [](double t) { return 1000 + 7 * t; });
  const Judgement judgement = judged(series);
  EXPECT_EQ(judgement.shape, Shape::kGrowing);
  EXPECT_NEAR(judgement.p_value, 1.0 / 4096, 1e-12);
  EXPECT_NEAR(judgement.rate->point, 7, 1e-9);
}

TEST(Judge, AnswersConstantSeriesAtOnce) {
  const auto series = sampled(61, 1, [](double) { return 50 * kMiB; });
  const Judgement judgement = judged(series);
  EXPECT_EQ(judgement.shape, Shape::kFlat);
  EXPECT_EQ(judgement.p_value, 1);
  ASSERT_TRUE(judgement.rate);
  EXPECT_EQ(judgement.rate->upper, 0);
  ASSERT_TRUE(judgement.detectable_rate);
  EXPECT_GT(*judgement.detectable_rate, 0);
}

TEST(Judge, IgnoresASingleBlip) {
  for (const double at : {0.0, 30.0, 59.0}) {
    const auto up = sampled(61, 1, [&](double t) { return 50 * kMiB + (t == at ? 30 * kMiB : 0); });
    const auto down = sampled(61, 1, [&](double t) { return 50 * kMiB - (t == at ? 30 * kMiB : 0); });
    EXPECT_NE(judged(up).shape, Shape::kGrowing) << at;
    EXPECT_NE(judged(down).shape, Shape::kGrowing) << at;
  }
}

TEST(Judge, SurvivesTheLimitsOfIntegers) {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  model::Series series;
  for (int i = 0; i < 40; ++i) {
    series.push_back({BootTime{Nanoseconds{kMin + i * (kMax / 40)}}, i % 2 == 0 ? kMin : kMax});
  }
  EXPECT_NE(judged(series).shape, Shape::kGrowing);
  model::Series rising;
  for (int i = 0; i < 64; ++i) rising.push_back({at_second(i), kMin / 2 + i * (kMax / 64)});
  const Judgement judgement = judged(rising);
  EXPECT_EQ(judgement.shape, Shape::kGrowing);
  EXPECT_NEAR(judgement.rate->point * 64 / static_cast<double>(kMax), 1, 1e-6);
}

TEST(Judge, TakesTimesAsTheyCome) {
  Noise noise(9);
  model::Series series;
  for (int i = 0; i < 80; ++i) {
    // Jitter, a gap of 15 s, doubled and swapped points.
    const double t = i + 0.3 * noise.uniform() + (i > 40 ? 15 : 0);
    series.push_back({at_second(t), std::llround(kMiB * (100 + t))});
    if (i % 10 == 0) series.push_back(series.back());
  }
  std::swap(series[20], series[21]);
  const Judgement judgement = judged(series);
  EXPECT_EQ(judgement.shape, Shape::kGrowing);
  EXPECT_NEAR(judgement.rate->point, kMiB, 0.05 * kMiB);
}

TEST(Judge, JudgesBurstsOfSamplesWithPausesBetween) {
  for (const int pause : {300, 1800, 7200}) {
    model::Series leak;
    model::Series steady;
    int now = 0;
    for (int i = 0; i < 300; ++i) {
      now += i % 30 == 0 ? pause : 10;
      const BootTime time{std::chrono::seconds(100 + now)};
      const double ripple = 20'000 * std::sin(i * 2.4);
      leak.push_back({time, static_cast<std::int64_t>(200 * kMiB + 5000.0 * now + ripple)});
      steady.push_back({time, static_cast<std::int64_t>(200 * kMiB + ripple)});
    }
    const Judgement judgement = judge(leak, {});
    ASSERT_EQ(judgement.shape, Shape::kGrowing) << pause;
    EXPECT_NEAR(judgement.rate->point, 5000, 250) << pause;
    EXPECT_EQ(judge(steady, {}).shape, Shape::kFlat) << pause;
  }
}

TEST(Judge, JudgesAHundredThousandPoints) {
  Noise noise(2);
  const auto flat = sampled(100'000, 5, [&](double) { return 900 * kMiB + kMiB * noise(); });
  const auto leak = sampled(100'000, 5, [&](double t) { return 900 * kMiB + 1000 * t + kMiB * noise(); });
  EXPECT_EQ(judged(flat).shape, Shape::kFlat);
  EXPECT_EQ(judged(leak).shape, Shape::kGrowing);
  EXPECT_NEAR(judged(leak).rate->point, 1000, 20);
  EXPECT_GE(judged(leak).block_length, std::chrono::hours(1) - std::chrono::minutes(1));
}

TEST(Judge, SaysWhetherTheSeriesCoversTheWindow) {
  Options options;
  options.window_start = at_second(0);
  options.window_end = at_second(60);
  const auto whole = sampled(60, 1, [](double t) { return 100 * t; });
  EXPECT_TRUE(judge(whole, options).covers_window);
  const auto late = model::Series(whole.begin() + 20, whole.end());
  EXPECT_FALSE(judge(late, options).covers_window);
  EXPECT_EQ(judge(late, options).shape, Shape::kGrowing);
  const auto ended = model::Series(whole.begin(), whole.begin() + 45);
  EXPECT_FALSE(judge(ended, options).covers_window);
  const auto slow = sampled(12, 5, [](double t) { return 100 * t; });
  EXPECT_TRUE(judge(slow, options).covers_window);
  const auto slower = sampled(4, 15, [](double t) { return 100 * t; });
  EXPECT_TRUE(judge(slower, options).covers_window);
}

TEST(Judge, JudgesWhatCameAfterAReset) {
  // Held at 800 MiB, restarted at 100, and leaking since.
  const auto restarted = sampled(601, 1, [](double t) { return t < 240 ? 800 * kMiB : 100 * kMiB + kMiB * (t - 240); });
  const Judgement judgement = judged(restarted);
  EXPECT_EQ(judgement.shape, Shape::kGrowing);
  EXPECT_NEAR(judgement.rate->point, kMiB, 0.05 * kMiB);
  // A ramp, a drop and a ramp that is not higher yet: a sawtooth as far as one can see.
  const auto teeth_of_two = sampled(601, 1, [](double t) { return 100 * kMiB + 2 * kMiB * (t < 360 ? t : t - 360); });
  EXPECT_EQ(judged(teeth_of_two).shape, Shape::kFlat);
  EXPECT_EQ(judged(teeth_of_two).stopped_by, Gate::kSawtooth);
}

TEST(Judge, SkipsWarmUpInWindowsOfAnHour) {
  const auto series = sampled(721, 15, [](double t) { return 200 * kMiB + 300 * kMiB * std::min(1.0, t / 1700); });
  EXPECT_NE(judged(series).shape, Shape::kFlat);
  Options options;
  options.subject_start = at_second(0);
  EXPECT_EQ(judge(series, options).shape, Shape::kFlat);
  const auto live = sampled(61, 1, [](double t) { return 200 * kMiB + kMiB * t; });
  EXPECT_EQ(judge(live, options).shape, Shape::kGrowing);
}

TEST(Judge, JudgesADailyCycleByDays) {
  Noise noise(3);
  const auto cycle = [](double t) { return 10 * std::sin(2 * std::numbers::pi * t / 86400); };
  const auto flat = sampled(2016, 300, [&](double t) { return 1000 * (100 + cycle(t) + noise()); });
  const auto leak = sampled(2016, 300, [&](double t) { return 1000 * (100 + cycle(t) + 2 * t / 86400 + noise()); });
  EXPECT_EQ(judged(flat).shape, Shape::kFlat);
  EXPECT_TRUE(judged(flat).daily_cycle);
  const Judgement judgement = judged(leak);
  EXPECT_EQ(judgement.shape, Shape::kGrowing);
  EXPECT_EQ(judgement.basis, Basis::kDays);
  EXPECT_EQ(judgement.blocks, 7);
  EXPECT_EQ(judgement.block_length, std::chrono::hours(24));
  EXPECT_NEAR(judgement.rate->point * 86400, 2000, 200);
}

TEST(Judge, IgnoresARiseTooSmallForItsLevelInLongWindows) {
  Noise noise(5);
  const auto series = sampled(2016, 300, [&](double t) { return 1e6 + 0.002 * t + 20 * noise(); });
  const Judgement judgement = judged(series);
  EXPECT_EQ(judgement.shape, Shape::kFlat);
  EXPECT_EQ(judgement.stopped_by, Gate::kSize);
}

}  // namespace
}  // namespace leakscope::analysis::trend
