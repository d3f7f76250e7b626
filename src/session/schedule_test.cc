#include "session/schedule.h"

#include <tuple>

#include <gtest/gtest.h>

namespace leakscope::session {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Change = Schedule::Change;

TEST(Schedule, IsDueAtOnceAndThenOnItsGrid) {
  Schedule schedule(seconds(5));
  int runs = 0;
  for (int tick = 0; tick <= 20; ++tick) {
    // Ticks come a little late, never early.
    const Nanoseconds now = seconds(100 + tick) + milliseconds(3);
    if (!schedule.is_due(now, seconds(1))) continue;
    EXPECT_EQ(tick % 5, 0);
    schedule.ran(now);
    ++runs;
  }
  EXPECT_EQ(runs, 5);
}

TEST(Schedule, SlowsDownAfterTwoExpensiveRunsAndRecovers) {
  Schedule schedule(seconds(1));
  EXPECT_EQ(schedule.charge(seconds(1)), Change::kNone) << "the first run opens files";
  EXPECT_EQ(schedule.charge(milliseconds(20)), Change::kNone);
  EXPECT_EQ(schedule.charge(milliseconds(20)), Change::kSlowedDown);
  EXPECT_EQ(schedule.period(), seconds(2));
  for (int i = 0; i < 9; ++i) EXPECT_EQ(schedule.charge(milliseconds(1)), Change::kNone);
  EXPECT_EQ(schedule.charge(milliseconds(1)), Change::kSpedUp);
  EXPECT_FALSE(schedule.slowed_down());
}

TEST(Schedule, GoesToTheShortestPeriodWhereThatIsCheap) {
  Schedule schedule(seconds(5), {.shortest = seconds(2), .longest = {}});
  schedule.ran(seconds(100));
  EXPECT_EQ(schedule.charge(milliseconds(11)), Change::kNone) << "more than half of 1 % of 2 s";
  EXPECT_EQ(schedule.period(), seconds(5));
  schedule.ran(seconds(105));
  EXPECT_EQ(schedule.charge(milliseconds(1)), Change::kSpedUp);
  EXPECT_EQ(schedule.period(), seconds(2));
  EXPECT_FALSE(schedule.is_due(seconds(106), seconds(1)));
  EXPECT_TRUE(schedule.is_due(seconds(107), seconds(1)));
}

TEST(Schedule, GoesBackToTheUsualPeriodAndStaysThere) {
  Schedule schedule(seconds(5), {.shortest = seconds(2), .longest = {}});
  schedule.ran(seconds(100));
  EXPECT_EQ(schedule.charge(milliseconds(1)), Change::kSpedUp);
  EXPECT_EQ(schedule.charge(milliseconds(30)), Change::kNone);
  EXPECT_EQ(schedule.charge(milliseconds(30)), Change::kNone) << "the usual period is no slowing down";
  EXPECT_EQ(schedule.period(), seconds(5));
  for (int i = 0; i < 30; ++i) EXPECT_EQ(schedule.charge(milliseconds(1)), Change::kNone);
  EXPECT_EQ(schedule.period(), seconds(5));
}

TEST(Schedule, KeepsToTheLongestPeriodUnlessARunTakesATenthOfIt) {
  Schedule schedule(seconds(2), {.shortest = {}, .longest = seconds(5)});
  for (int i = 0; i < 3; ++i) std::ignore = schedule.charge(milliseconds(90));
  EXPECT_EQ(schedule.period(), seconds(4)) << "90 ms are more than 1 % of 2 s, and 4 s are no more than 5";
  for (int i = 0; i < 20; ++i) EXPECT_EQ(schedule.charge(milliseconds(300)), Change::kNone);
  EXPECT_EQ(schedule.period(), seconds(4));
  EXPECT_EQ(schedule.charge(milliseconds(500)), Change::kNone);
  EXPECT_EQ(schedule.charge(milliseconds(500)), Change::kSlowedDown);
  EXPECT_EQ(schedule.period(), seconds(8));
}

TEST(Schedule, AllowsFiveMillisecondsOrOnePercent) {
  Schedule fast(milliseconds(100));
  Schedule slow(seconds(10));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(fast.charge(milliseconds(5)), Change::kNone);
    EXPECT_EQ(slow.charge(milliseconds(100)), Change::kNone);
  }
}

}  // namespace
}  // namespace leakscope::session
