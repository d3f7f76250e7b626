#include "base/time.h"

#include <gtest/gtest.h>

namespace leakscope {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Rfc3339, ReadsWhatItWrites) {
  for (const std::int64_t millis : {0LL, 1LL, 1'795'166'492'123LL, 9'000'000'000'000LL}) {
    const WallTime time{std::chrono::milliseconds(millis)};
    EXPECT_EQ(parse_rfc3339(to_rfc3339(time)), time) << to_rfc3339(time);
  }
}

TEST(Rfc3339, TakesWhatPeopleType) {
  const auto ten = parse_rfc3339("2026-11-20T10:00:00Z");
  ASSERT_TRUE(ten);
  EXPECT_EQ(parse_rfc3339("2026-11-20 10:00"), ten);
  EXPECT_EQ(parse_rfc3339("2026-11-20T11:00:00+01:00"), ten);
  EXPECT_EQ(parse_rfc3339("2026-11-20T05:30:00-0430"), ten);
  EXPECT_EQ(parse_rfc3339("2026-11-20T10:00:00.000000000999Z"), ten);
  EXPECT_EQ(parse_rfc3339("2026-11-20t10:00:01.5z")->since_epoch - ten->since_epoch, std::chrono::milliseconds(1500));
}

TEST(Rfc3339, RefusesTheRest) {
  for (const char* text : {"", "2026", "2026-11-20", "2026-11-20T", "2026-02-30T10:00Z", "2026-13-01T10:00Z",
                           "2026-11-20T24:00Z", "2026-11-20T10:60Z", "2026-11-20T10:00:61Z", "2026-11-20T10:00:00.Z",
                           "2026-11-20T10:00Zx", "2026-11-20T10:00+1", "9999-11-20T10:00Z", "1969-12-31T23:59Z",
                           "-026-11-20T10:00Z", "2026-11-20T1:00Z", "2026-11-20T+1:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(TimeOfDay, IsSinceMidnight) {
  EXPECT_EQ(parse_time_of_day("10:00"), hours(10));
  EXPECT_EQ(parse_time_of_day("00:01:02.5"), minutes(1) + seconds(2) + std::chrono::milliseconds(500));
  for (const char* text : {"", "1:00", "10", "10:0", "24:00", "10:00Z", "10:00:", "ab:cd"}) {
    EXPECT_FALSE(parse_time_of_day(text)) << text;
  }
}

}  // namespace
}  // namespace leakscope
