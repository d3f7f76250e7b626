#include "report/quantity.h"

#include <limits>

#include <gtest/gtest.h>

namespace leakscope::report {
namespace {

using model::Unit;

constexpr double kMiB = 1024.0 * 1024.0;

TEST(Quantity, CountsHaveSeparators) {
  EXPECT_EQ(to_human_count(0), "0");
  EXPECT_EQ(to_human_count(999), "999");
  EXPECT_EQ(to_human_count(112304), "112,304");
  EXPECT_EQ(to_human_count(-1234567), "-1,234,567");
  EXPECT_EQ(to_human_count(-123), "-123");
  EXPECT_EQ(to_human_count(std::numeric_limits<std::int64_t>::min()), "-9,223,372,036,854,775,808");
}

TEST(Quantity, EachUnitReadsInItsOwnWords) {
  EXPECT_EQ(to_human(41733325, Unit::kBytes), "39.8 MiB");
  EXPECT_EQ(to_human(1204, Unit::kCount), "1,204");
  EXPECT_EQ(to_human(1'500'000'000, Unit::kNanoseconds), "1.5 s");
  EXPECT_EQ(to_human(std::numeric_limits<std::int64_t>::min(), Unit::kNanoseconds), "-9,223,372,036,854,775,808 ns");
  EXPECT_EQ(to_human(12'500, Unit::kPercentMilli), "12.5 %");
  EXPECT_EQ(to_human_change(41733325, Unit::kBytes), "+39.8 MiB");
  EXPECT_EQ(to_human_change(-12, Unit::kCount), "-12");
}

TEST(Quantity, SharesKeepSmallOnesVisible) {
  EXPECT_EQ(to_human_share(0.97), "97 %");
  EXPECT_EQ(to_human_share(0.004), "0.4 %");
  EXPECT_EQ(to_human_share(0.00004), "<0.1 %");
  EXPECT_EQ(to_human_share(0), "0 %");
  EXPECT_EQ(to_human_share(1.2), "120 %");
  EXPECT_EQ(to_human_share(std::numeric_limits<double>::quiet_NaN()), "?");
}

TEST(Quantity, RatesTakeThePeriodInWhichTheyComeToSomething) {
  EXPECT_EQ(to_human_rate(2 * kMiB, Unit::kBytes), "120 MiB/min");
  EXPECT_EQ(to_human_rate(39.8 * kMiB / 60, Unit::kBytes), "39.8 MiB/min");
  EXPECT_EQ(to_human_rate(5 * kMiB / 3600, Unit::kBytes), "5.00 MiB/h");
  EXPECT_EQ(to_human_rate(kMiB / 2 / 86400, Unit::kBytes), "512 KiB/day");
  EXPECT_EQ(to_human_rate(0, Unit::kBytes), "0.00 B/day");
  EXPECT_EQ(to_human_rate(5, Unit::kCount), "300/min");
  EXPECT_EQ(to_human_rate(0.5, Unit::kCount), "30.0/min");
  EXPECT_EQ(to_human_rate(200, Unit::kCount), "12,000/min");
  EXPECT_EQ(to_human_rate(0.001, Unit::kCount), "3.60/h");
}

TEST(Quantity, BothEndsOfAnIntervalReadLikeItsMiddle) {
  const findings::Interval rate{37.1 * kMiB / 60, 39.8 * kMiB / 60, 42.3 * kMiB / 60};
  EXPECT_EQ(to_human_rate(rate, Unit::kBytes), "+39.8 MiB/min (37.1 to 42.3)");
  EXPECT_EQ(to_human_rate({-0.1, 1, 2.5}, Unit::kCount), "+60.0/min (-6.0 to 150.0)");
  EXPECT_EQ(to_human_per_round({1.2 * kMiB, 1.25 * kMiB, 1.31 * kMiB}, Unit::kBytes), "+1.25 MiB/round (1.20 to 1.31)");
}

}  // namespace
}  // namespace leakscope::report
