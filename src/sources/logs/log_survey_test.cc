#include "sources/logs/log_survey.h"

#include <gtest/gtest.h>

namespace leakscope::sources::logs {
namespace {

using model::Metric;
using Step = TimeAxis::Step;

constexpr std::int64_t kGiB = std::int64_t{1} << 30U;
constexpr Nanoseconds kUsual = std::chrono::minutes(1);

/// What one sample holds, and what lies before it.
struct Seen {
  std::int64_t total = 16 * kGiB;
  std::int64_t available = 8 * kGiB;
  std::optional<std::int64_t> switches{};
  std::optional<std::int64_t> slab{};
  Step step = Step::kNone;
  std::int64_t half_step = 0;
};

class Watched {
 public:
  void add(const Seen& seen) {
    model::Sample sample;
    const auto put = [&](Metric metric, std::int64_t value) {
      sample.readings.push_back({model::Registry::machine_id(), metric, value});
    };
    put(Metric::kMeminfoMemTotal, seen.total);
    put(Metric::kMeminfoMemAvailable, seen.available);
    put(Metric::kMeminfoMemFree, seen.available);
    if (seen.switches) put(Metric::kStatContextSwitches, *seen.switches);
    if (seen.slab) put(Metric::kMeminfoSUnreclaim, *seen.slab);
    if (seen.half_step > 0) {
      sample.rounded.push_back({model::Registry::machine_id(), Metric::kMeminfoMemTotal, seen.half_step});
    }
    const TimeAxis::Placed placed{.moment = {}, .step = seen.step, .jump = 300 * kUsual};
    survey.note_step(placed, kUsual, true);
    survey.add(sample, ++moments);
  }

  LogSurvey survey;
  std::uint64_t moments = 0;
};

TEST(LogSurvey, TellsMachinesThatTakeTurns) {
  Watched log;
  for (int i = 0; i < 10; ++i) {
    log.add({.total = 16 * kGiB, .available = 15 * kGiB});
    log.add({.total = 8 * kGiB, .available = 7 * kGiB});
    log.add({.total = 16 * kGiB, .available = 15 * kGiB});
  }
  const LogPlan plan = log.survey.plan();
  ASSERT_TRUE(plan.only);
  EXPECT_EQ(plan.only->bytes, 16 * kGiB);
  EXPECT_FALSE(log.survey.change_of_memory());
}

TEST(LogSurvey, TellsMachinesThatFollowEachOther) {
  for (const Seen& second :
       {Seen{.total = 8 * kGiB, .available = 0, .step = Step::kBack},
        Seen{.total = 8 * kGiB, .available = 0, .step = Step::kGap}, Seen{.total = 8 * kGiB, .available = 4 * kGiB},
        Seen{.total = 8 * kGiB, .available = 0, .switches = 5}}) {
    Watched log;
    for (int i = 0; i < 10; ++i) {
      log.add({.switches = second.switches ? std::optional(1'000'000 + 1000 * i) : std::nullopt});
    }
    log.add(second);
    for (int i = 0; i < 9; ++i) log.add({.total = second.total, .available = second.available});
    const LogPlan plan = log.survey.plan();
    ASSERT_TRUE(plan.only);
    EXPECT_EQ(plan.only->bytes, 8 * kGiB);  // as many samples: the last
  }
}

TEST(LogSurvey, MemoryThatIsPluggedInOrTakenByABalloonIsOfOneMachine) {
  Watched plugged;
  for (int i = 0; i < 10; ++i) plugged.add({});
  for (int i = 0; i < 10; ++i) plugged.add({.total = 24 * kGiB, .available = 16 * kGiB});
  EXPECT_TRUE(plugged.survey.plan().empty());
  EXPECT_NE(plugged.survey.change_of_memory().value_or("").find("from 16.0 GiB to 24.0 GiB"), std::string::npos);

  // With counters that go on it may go up and down, whatever the times say.
  Watched balloon;
  for (int i = 0; i < 40; ++i) {
    const bool blown = i / 10 % 2 == 1;
    balloon.add({.total = (blown ? 8 : 16) * kGiB,
                 .available = (blown ? 1 : 8) * kGiB,
                 .switches = 1'000'000 + 1000 * i,
                 .step = i == 10 ? Step::kBack : Step::kNone});
  }
  EXPECT_TRUE(balloon.survey.plan().empty());
  EXPECT_FALSE(balloon.survey.change_of_memory());
}

TEST(LogSurvey, RoundedAmountsKernelsAndRebootsAreOfOneMachine) {
  Watched log;
  for (int i = 0; i < 10; ++i) {
    log.add({.total = 24684092 * std::int64_t{1024}});
    log.add({.total = 23 * kGiB, .half_step = kGiB / 2});
    log.add({.total = 24200000 * std::int64_t{1024}});
  }
  EXPECT_TRUE(log.survey.plan().empty());
  EXPECT_FALSE(log.survey.change_of_memory());
  Watched resized;
  for (int i = 0; i < 10; ++i) resized.add({});
  resized.add({.total = 32 * kGiB, .available = 31 * kGiB, .step = Step::kReboot});
  EXPECT_TRUE(resized.survey.plan().empty());
}

std::vector<std::uint64_t> steps_of(bool counters, std::int64_t intervals_in_gap, std::int64_t pace_after) {
  Watched log;
  std::int64_t at = 0;
  for (int i = 0; i < 40; ++i) {
    const bool is_gap = i == 20;
    at += is_gap ? intervals_in_gap * 1000 : i > 20 ? pace_after : 1000 + i % 3;
    log.add({.available = 8 * kGiB - at,
             .switches = counters ? std::optional(at) : std::nullopt,
             .slab = at,
             .step = is_gap ? Step::kGap : Step::kNone});
  }
  return log.survey.plan().clock_steps;
}

TEST(LogSurvey, TellsAClockThatWasSetFromAGap) {
  const std::vector<std::uint64_t> none;
  const std::vector<std::uint64_t> one{21};
  EXPECT_EQ(steps_of(true, 1, 1000), one);
  EXPECT_EQ(steps_of(true, 1, 5000), one);
  EXPECT_EQ(steps_of(true, 300, 1000), none);
  EXPECT_EQ(steps_of(true, 20, 1000), none);
  // Levels alone have to go on at the same pace.
  EXPECT_EQ(steps_of(false, 1, 1000), one);
  EXPECT_EQ(steps_of(false, 1, 5000), none);
  EXPECT_EQ(steps_of(false, 300, 1000), none);
}

TEST(LogSurvey, WhatStandsStillDoesNotTellAClockFromAGap) {
  Watched log;
  for (int i = 0; i < 40; ++i) log.add({.slab = kGiB, .step = i == 20 ? Step::kGap : Step::kNone});
  EXPECT_TRUE(log.survey.plan().empty());
}

}  // namespace
}  // namespace leakscope::sources::logs
