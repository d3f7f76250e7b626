#include "sources/logs/time_line.h"

#include <gtest/gtest.h>

#include "sources/logs/line_prefix.h"

namespace leakscope::sources::logs {
namespace {

using Kind = LogTime::Kind;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kYear = 2026;
constexpr Nanoseconds kNoon = seconds(1'795'177'480);  // 2026-11-20T12:24:40Z

TEST(TimeLine, KnowsWhatDatePrints) {
  struct Case {
    const char* line;
    LogTime time;
  };
  const Case cases[] = {
      {"Fri Nov 20 12:24:40 UTC 2026", {Kind::kWall, kNoon}},
      {"Fri Nov 20 12:24:40 PM UTC 2026", {Kind::kWall, kNoon}},
      {"Fri 20 Nov 2026 12:24:40 PM UTC", {Kind::kWall, kNoon}},
      {"Fri 20 Nov 12:24:40 GMT 2026", {Kind::kWall, kNoon}},
      {"Fr 20. Nov 13:24:40 CET 2026", {Kind::kWall, kNoon}},
      {"ven. 20 nov. 2026 13:24:40 CET", {Kind::kWall, kNoon}},
      {"Fri, 20 Nov 2026 12:24:40 +0000", {Kind::kWall, kNoon}},
      {"2026-11-20T12:24:40+00:00", {Kind::kWall, kNoon}},
      {"2026-11-20T13:24:40,250000000+01:00", {Kind::kWall, kNoon + milliseconds(250)}},
      {"2026-11-20 12:24:40.123 +0000", {Kind::kWall, kNoon + milliseconds(123)}},
      {"2026-11-20 12:24:40", {Kind::kLocal, kNoon}},
      {"20.11.2026 12:24:40", {Kind::kLocal, kNoon}},
      {"Nov 20 12:24:40", {Kind::kLocal, kNoon, true}},
      {"1795177480", {Kind::kWall, kNoon}},
      {"1795177480.250", {Kind::kWall, kNoon + milliseconds(250)}},
      {"1795177480123456789", {Kind::kWall, kNoon + Nanoseconds(123456789)}},
      {"=== 2026-11-20T12:24:40Z ===", {Kind::kWall, kNoon}},
      {"# Fri Nov 20 12:24:40 UTC 2026", {Kind::kWall, kNoon}},
      {"zzz ***Fri Nov 20 12:24:40 UTC 2026", {Kind::kWall, kNoon}},
      {"---- 12:24:40 ----", {Kind::kTimeOfDay, std::chrono::hours(12) + std::chrono::minutes(24) + seconds(40)}},
      {" 12:24:40 up  3:11,  0 user,  load average: 7.83, 4.09, 2.54",
       {Kind::kTimeOfDay, std::chrono::hours(12) + std::chrono::minutes(24) + seconds(40)}},
      {"12345.67 23456.78", {Kind::kSinceBoot, milliseconds(12'345'670)}},
  };
  for (const Case& c : cases) {
    const auto time = parse_time_line(c.line, kYear);
    ASSERT_TRUE(time) << c.line;
    EXPECT_EQ(*time, c.time) << c.line << ": " << time->value.count();
  }
}

TEST(TimeLine, TakesNothingElse) {
  for (const char* line :
       {"", "===", "MemTotal:       24574048 kB", "0.51 0.15 0.04 1/94 7195", "42", "12345", "12:24", "Fri Nov 20 2026",
        "cpu  3679 0 1650 239560 813 0 21 12 0 0", "Nov 20 12:00:01 host prog: 12:00:01", "99:99:99",
        "2026-13-40 12:00:00", "nr_free_pages 1795177480", "99999999999.99 1.00", "9999999999999999999"}) {
    EXPECT_FALSE(parse_time_line(line, kYear)) << line;
  }
}

TEST(TimeLine, FindsTheFileThatALineAnnounces) {
  EXPECT_EQ(announced_file("==> /proc/meminfo <=="), "/proc/meminfo");
  EXPECT_EQ(announced_file("/proc/pressure/io"), "/proc/pressure/io");
  EXPECT_EQ(announced_file("# cat /proc/meminfo"), "/proc/meminfo");
  EXPECT_EQ(announced_file("root@box:~# cat /proc/slabinfo"), "/proc/slabinfo");
  EXPECT_EQ(announced_file("--- /proc/12/status: ---"), "/proc/12/status");
  EXPECT_EQ(announced_file("cat: /proc/12/status: No such file or directory"), "");
  EXPECT_EQ(announced_file("some avg10=0.00"), "");
}

TEST(LinePrefix, IsTakenOffAndGivesTheTime) {
  struct Case {
    const char* line;
    const char* host;
    const char* program;
    const char* message;
    bool year_guessed;
  };
  const Case cases[] = {
      {"Nov 20 12:24:40 web3 meminfo[812]: MemTotal:  1 kB", "web3", "meminfo", "MemTotal:  1 kB", true},
      {"Nov 20 12:24:40 web3 kernel: [  1.0] x", "web3", "kernel", "[  1.0] x", true},
      {"<13>Nov 20 12:24:40 web3 root:   indented", "web3", "root", "  indented", true},
      {"2026-11-20T12:24:40.000000+00:00 web3 root: m", "web3", "root", "m", false},
      {"2026-11-20T13:24:40+0100 web3 root[1]: m", "web3", "root", "m", false},
      {"<30>1 2026-11-20T12:24:40Z web3 root 812 - - m n", "web3", "root", "m n", false},
      {"<30>1 2026-11-20T12:24:40Z - root 812 - [a b=\"c\"] m", "", "root", "m", false},
      {"Nov 20 12:24:40 MemTotal:       24574048 kB", "", "", "MemTotal:       24574048 kB", true},
      {"2026-11-20 12:24:40 kmalloc-64 1 2 : tunables", "", "", "kmalloc-64 1 2 : tunables", false},
      {"[2026-11-20 12:24:40] MemFree: 1 kB", "", "", "MemFree: 1 kB", false},
      {"2026-11-20T12:24:40,000000+00:00 usb 1-1: new device", "", "", "usb 1-1: new device", false},
  };
  for (const Case& c : cases) {
    const auto prefix = parse_prefix(c.line, kYear);
    ASSERT_TRUE(prefix) << c.line;
    EXPECT_EQ(prefix->time.value, kNoon) << c.line;
    EXPECT_EQ(prefix->time.year_guessed, c.year_guessed) << c.line;
    EXPECT_EQ(prefix->host, c.host) << c.line;
    EXPECT_EQ(prefix->program, c.program) << c.line;
    EXPECT_EQ(prefix->message, c.message) << c.line;
  }
  for (const char* line : {"", "MemTotal:       24574048 kB", "Nov 20", "Nov 20 12:00 x", "<6>", "[   12.345] oom"}) {
    EXPECT_FALSE(parse_prefix(line, kYear)) << line;
  }
}

}  // namespace
}  // namespace leakscope::sources::logs
