#include "sources/kernel_log/log_line.h"

#include <string>

#include <gtest/gtest.h>

namespace leakscope::sources::kernel_log {
namespace {

using std::chrono::seconds;

/// 2026-03-01T12:00:00Z: when the logs of these tests were last written.
constexpr WallTime kWritten{seconds(1772366400)};

LogLineReader reader() { return LogLineReader(kWritten); }

std::string wall_of(const LogLine& line) { return line.wall ? to_rfc3339(*line.wall) : "none"; }

struct Case {
  std::string_view line;
  std::string_view message;
  std::string_view wall = "none";
  double since_boot = -1;
  std::string_view host{};
  bool from_kernel = true;
};

TEST(LogLine, KnowsTheHeadsOfAllWriters) {
  constexpr std::string_view kMessage = "Mem-Info: x";
  const Case cases[] = {
      {"[10659.847065] Mem-Info: x", kMessage, "none", 10659.847065},
      {"[    0.000001] Mem-Info: x", kMessage, "none", 0.000001},
      {"<6>[    5.250000] Mem-Info: x", kMessage, "none", 5.25},
      {"[    5.250000][  T123] Mem-Info: x", kMessage, "none", 5.25},
      {"[    5.250000] [    C0] Mem-Info: x", kMessage, "none", 5.25},
      {"[    5.250000 <    0.000012>] Mem-Info: x", kMessage, "none", 5.25},
      {"[  +0.000012] Mem-Info: x", kMessage},
      {"[Aug12 03:54] Mem-Info: x", kMessage},
      {"kern  :warn  : [    5.250000] Mem-Info: x", kMessage, "none", 5.25},
      {"[Tue Aug 12 03:54:03 2025] Mem-Info: x", kMessage, "2025-08-12T03:54:03.000Z"},
      {"[Di Aug 12 03:54:03 2025] Mem-Info: x", kMessage, "2025-08-12T03:54:03.000Z"},
      {"[Mi Okt  1 03:54:03 2025] Mem-Info: x", kMessage, "2025-10-01T03:54:03.000Z"},
      {"kern  :info  : [Tue Aug 12 03:54:03 2025] Mem-Info: x", kMessage, "2025-08-12T03:54:03.000Z"},
      {"2025-08-12T03:54:03,123456+02:00 Mem-Info: x", kMessage, "2025-08-12T01:54:03.123Z"},
      {"Aug 12 03:54:03 db-17 kernel: Mem-Info: x", kMessage, "2025-08-12T03:54:03.000Z", -1, "db-17"},
      {"Feb  2 03:54:03 db-17 kernel: Mem-Info: x", kMessage, "2026-02-02T03:54:03.000Z", -1, "db-17"},
      {"Aug 12 03:54:03.250000 db-17 kernel: Mem-Info: x", kMessage, "2025-08-12T03:54:03.250Z", -1, "db-17"},
      {"Aug 12 03:54:03 db-17 kernel: [   12.500000] Mem-Info: x", kMessage, "2025-08-12T03:54:03.000Z", 12.5, "db-17"},
      {"<4>Aug 12 03:54:03 db-17 kernel: Mem-Info: x", kMessage, "2025-08-12T03:54:03.000Z", -1, "db-17"},
      {"2025-08-12T03:54:03+0200 db-17 kernel: Mem-Info: x", kMessage, "2025-08-12T01:54:03.000Z", -1, "db-17"},
      {"2025-08-12T03:54:03.250000-01:30 db-17 kernel: [   12.500000] Mem-Info: x", kMessage,
       "2025-08-12T05:24:03.250Z", 12.5, "db-17"},
      {"<4>1 2025-08-12T03:54:03Z db-17 kernel - - - Mem-Info: x", kMessage, "2025-08-12T03:54:03.000Z", -1, "db-17"},
      {"Tue 2025-08-12 03:54:03 UTC db-17 kernel: Mem-Info: x", kMessage, "2025-08-12T03:54:03.000Z", -1, "db-17"},
      {"1754970843.250000 db-17 kernel: Mem-Info: x", kMessage, "2025-08-12T03:54:03.250Z", -1, "db-17"},
      {"[   12.500000] db-17 kernel: Mem-Info: x", kMessage, "none", 12.5, "db-17"},
      {"6,338,12500000,-;Mem-Info: x", kMessage, "none", 12.5},
      {"6,338,12500000,-,caller=T1;Mem-Info: x", kMessage, "none", 12.5},
      {R"({"MESSAGE":"Mem-Info: x","_HOSTNAME":"db-17","__REALTIME_TIMESTAMP":"1754970843250000","PRIORITY":"4",)"
       R"("_SOURCE_MONOTONIC_TIMESTAMP":"12500000","_TRANSPORT":"kernel"})",
       kMessage, "2025-08-12T03:54:03.250Z", 12.5, "db-17"},
      {"Aug 12 03:54:03 db-17 sshd[812]: Mem-Info: x", kMessage, "2025-08-12T03:54:03.000Z", -1, "db-17", false},
      {"user  :info  : [    5.250000] Mem-Info: x", kMessage, "none", 5.25, "", false},
      {"30,7,5250000,-;Mem-Info: x", kMessage, "none", 5.25, "", false},
  };
  for (const Case& one : cases) {
    LogLineReader lines = reader();
    const LogLine line = lines.read(one.line);
    EXPECT_EQ(line.message, one.message) << one.line;
    EXPECT_EQ(wall_of(line), one.wall) << one.line;
    EXPECT_EQ(line.since_boot.has_value(), one.since_boot >= 0) << one.line;
    if (line.since_boot) {
      EXPECT_NEAR(std::chrono::duration<double>(*line.since_boot).count(), one.since_boot, 1e-7) << one.line;
    }
    EXPECT_EQ(line.host, one.host) << one.line;
    EXPECT_EQ(line.from_kernel, one.from_kernel) << one.line;
    EXPECT_FALSE(line.bare) << one.line;
  }
}

TEST(LogLine, LeavesWhatHasNoHead) {
  for (const std::string_view text :
       {"Mem-Info: x", "[  390]     0   390    39012     6739      78       51             0 systemd-journal",
        "[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name", "                          anon 0",
        "Node 0 DMA: 0*4kB = 0kB", "6,oops", "{not json", "-- Boot 1234 --", "lowmem_reserve[]: 0 0 0",
        "May the force be with you: x", "db-17 kernel"}) {
    LogLineReader lines = reader();
    const LogLine line = lines.read(text);
    EXPECT_EQ(line.message, text);
    EXPECT_TRUE(line.bare) << text;
    EXPECT_FALSE(line.since_boot || line.wall) << text;
  }
}

TEST(LogLine, TakesColoursCarriageReturnsAndEscapesAway) {
  LogLineReader lines = reader();
  EXPECT_EQ(lines.read("\x1b[32m[   12.500000] \x1b[0m\x1b[31mMem-Info:\x1b[0m x\r\n").message, "Mem-Info: x");
  EXPECT_EQ(lines.read("Aug 12 03:54:03 db-17 kernel: a:1 b:2#012 c:3#011d").message, "a:1 b:2\n c:3 d");
  EXPECT_EQ(lines.read("active_anon:1#012 active_file:2").message, "active_anon:1\n active_file:2");
  EXPECT_EQ(lines.read("[   12.500000] issue #01 stays").message, "issue #01 stays");
  EXPECT_EQ(lines.read(R"(6,1,2,-;a\x0ab)").message, "a\nb");
}

TEST(LogLine, WithoutADateOfTheFileAYearIsNotGuessed) {
  LogLineReader lines;
  const LogLine line = lines.read("Aug 12 03:54:03 db-17 kernel: Mem-Info: x");
  EXPECT_FALSE(line.wall);
}

TEST(LogLine, ReadsBytesOfTheJournal) {
  LogLineReader lines;
  EXPECT_EQ(lines.read(R"({"A":null,"MESSAGE":[77,101,255],"B":["x","y"]})").message, "Me\xff");
  EXPECT_EQ(lines.read(R"({"MESSAGE":"\u00e4\n\t\"\\"})").message, "\xc3\xa4\n\t\"\\");
}

TEST(LogLine, SurvivesEveryCut) {
  const std::string_view texts[] = {
      "kern  :warn  : [Tue Aug 12 03:54:03 2025] Mem-Info: x",
      "<4>1 2025-08-12T03:54:03.250+02:00 db-17 kernel - - [a b=\"c\"] Mem-Info: x",
      "Tue 2025-08-12 03:54:03 CEST db-17 kernel: [   12.500000] Mem-Info: x",
      R"({"MESSAGE":[77,101,109],"_HOSTNAME":"db-17","__REALTIME_TIMESTAMP":"1754970843250000"})",
  };
  LogLineReader lines = reader();
  for (const std::string_view text : texts) {
    for (std::size_t length = 0; length <= text.size(); ++length) {
      const LogLine line = lines.read(text.substr(0, length));
      EXPECT_LE(line.message.size(), length);
    }
  }
}

}  // namespace
}  // namespace leakscope::sources::kernel_log
