#include "cli/values.h"

#include <gtest/gtest.h>

namespace leakscope::cli {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST(Duration, TakesWhatPeopleType) {
  EXPECT_EQ(parse_duration("60s"), seconds(60));
  EXPECT_EQ(parse_duration("60"), seconds(60));
  EXPECT_EQ(parse_duration("1h30m"), minutes(90));
  EXPECT_EQ(parse_duration("1.5h"), minutes(90));
  EXPECT_EQ(parse_duration("500ms"), std::chrono::milliseconds(500));
}

TEST(Duration, RefusesTheRest) {
  for (const char* text : {"", "0", "-5s", "5x", "s", "1h-2m", "nan", "1e9d", "inf", "5 s", "99999999999999999999"}) {
    const auto duration = parse_duration(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_EQ(duration.error().kind, Error::Kind::kUsage);
  }
}

TEST(Size, TakesBinaryUnits) {
  EXPECT_EQ(parse_size("64MiB"), Bytes::from_mib(64));
  EXPECT_EQ(parse_size("1.5G"), Bytes::from_mib(1536));
  EXPECT_EQ(parse_size("4096"), Bytes(4096));
  for (const char* text : {"", "0", "-1", "5MBs", "1T1", "1e30"}) EXPECT_FALSE(parse_size(text)) << text;
}

}  // namespace
}  // namespace leakscope::cli
