#include "sources/logs/tables/tool_tables.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "sources/logs/tables/kept_log.h"
#include "sources/logs/tables/printed_amount.h"
#include "sources/logs/tables/process_rows.h"

namespace leakscope::sources::logs {
namespace {

constexpr std::int64_t kKiB = 1024;
constexpr std::int64_t kMiB = 1024 * kKiB;
constexpr std::int64_t kGiB = 1024 * kMiB;

TEST(PrintedAmount, TellsHowFarTheTrueOneMayBe) {
  EXPECT_EQ(parse_printed_amount("24684092", kKiB), (PrintedAmount{24684092 * kKiB, 0}));
  EXPECT_EQ(parse_printed_amount("23Gi", kKiB), (PrintedAmount{23 * kGiB, kGiB / 2}));
  EXPECT_EQ(parse_printed_amount("8.5Mi", kKiB), (PrintedAmount{8 * kMiB + kMiB / 2, kMiB / 20}));
  EXPECT_EQ(parse_printed_amount("8,5m", kKiB), (PrintedAmount{8 * kMiB + kMiB / 2, kMiB / 20}));
  EXPECT_EQ(parse_printed_amount("0B", kKiB), (PrintedAmount{0, 0}));
  EXPECT_EQ(parse_printed_amount("941", kMiB), (PrintedAmount{941 * kMiB + kMiB / 2, kMiB / 2})) << "free -m cuts off";
  for (const char* wrong : {"", "x", "-1", "1.", "1.2.3", "1Gix", "99999999999999999999", "9999999999999T", "1 2"}) {
    EXPECT_FALSE(parse_printed_amount(wrong, kKiB)) << wrong;
  }
}

TEST(CpuTime, OfPsAndTop) {
  EXPECT_EQ(parse_cpu_time("0:51"), std::chrono::seconds(51));
  EXPECT_EQ(parse_cpu_time("0:00.52"), std::chrono::milliseconds(520));
  EXPECT_EQ(parse_cpu_time("00:01:52"), std::chrono::seconds(112));
  EXPECT_EQ(parse_cpu_time("1-02:03:04"), std::chrono::seconds(((26 * 60) + 3) * 60 + 4));
  for (const char* wrong : {"", "12", "a:b", "1:", ":1", "1:2.3456", "99999999999999-01:00:00"}) {
    EXPECT_FALSE(parse_cpu_time(wrong)) << wrong;
  }
}

TEST(VmstatTable, RowsWithTheirTime) {
  const auto format = vmstat_table();
  KeptLog log(*format);
  log.read(
      "procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu----- -----timestamp-----\n"
      " r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st                 UTC\n"
      "12  0      0 9247512 245452 13211344    0    0   679  2570  304  569 61  8 31  0  0 2026-11-20 12:42:37\n"
      "12  0     16 9247000 245452 13211344    0    0    36  4584  588  754 96  4  0  0  0 2026-11-20 12:42:38\n");
  ASSERT_EQ(log.moments.size(), 2U) << "the one that was put, and the empty one behind it";
  const auto& kept = log.moments[0];
  ASSERT_TRUE(kept.time);
  EXPECT_EQ(kept.time->kind, LogTime::Kind::kWall);
  EXPECT_EQ(kept.time->value, std::chrono::seconds(1795178558));
  EXPECT_EQ(kept.values.at("meminfo.MemFree"), 9247000 * kKiB);
  EXPECT_EQ(kept.values.at("tools.free_and_cache"), (9247000 + 245452 + 13211344) * kKiB);
  EXPECT_EQ(kept.values.at("tools.swap_used"), 16 * kKiB);
  EXPECT_TRUE(log.refused.empty());
}

TEST(VmstatTable, MemoryThatNeverMovesIsNotJudged) {
  const auto format = vmstat_table();
  KeptLog log(*format);
  std::string text = " r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st\n";
  for (int i = 0; i < 20; ++i) {
    text += "12  0      0 9509336 245452 13196740    0    0     0     0  58" + std::to_string(i % 10) +
            "  672 97  3  0  0  0\n";
  }
  log.read(text);
  EXPECT_TRUE(log.moments[0].values.empty());
  ASSERT_EQ(log.blind_spots.size(), 2U);
  EXPECT_NE(log.blind_spots[1].why.find("procps 4.0.2"), std::string::npos);
}

TEST(VmstatTable, RowsThatAreNone) {
  const auto format = vmstat_table();
  KeptLog log(*format);
  log.read(
      " r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st\n"
      "12  0      0 95\n"
      "12  0      0 -5 245452 13196740    0    0     0     0  584  672 97  3  0  0  0\n"
      "12  0      0 1 245452 13196740    0    0     0     0  584  672 97  3  0  0  0 and more\n"
      "hello\n");
  EXPECT_EQ(log.refused.size(), 3U);
  EXPECT_EQ(log.declined, std::vector<std::string>{"hello"});
}

TEST(FreeTable, PlainAndForPeople) {
  const auto format = free_table();
  KeptLog log(*format);
  log.read(
      "               total        used        free      shared  buff/cache   available\n"
      "Mem:        24684092     2632400     9014716        8856    13447112    22051692\n"
      "Swap:              0           0           0\n"
      "\n"
      "               total        used        free      shared  buff/cache   available\n"
      "Mem:            23Gi       2.6Gi       8.5Gi       8.6Mi        12Gi        20Gi\n"
      "Swap:             0B          0B          0B\n");
  ASSERT_GE(log.moments.size(), 2U);
  EXPECT_EQ(log.moments[0].values.at("meminfo.MemAvailable"), 22051692 * kKiB);
  EXPECT_EQ(log.moments[0].values.at("meminfo.Shmem"), 8856 * kKiB);
  EXPECT_EQ(log.moments[0].values.at("meminfo.SwapFree"), 0);
  EXPECT_EQ(log.moments[1].values.at("meminfo.MemAvailable"), 20 * kGiB);
  EXPECT_EQ(log.half_steps.at("meminfo.MemAvailable"), kGiB / 2);
  EXPECT_EQ(log.half_steps.count("meminfo.SwapFree"), 0U);
}

TEST(FreeTable, VersionsThatPrintNoAvailable) {
  const auto format = free_table();
  KeptLog log(*format);
  log.read(
      "             total       used       free     shared    buffers     cached\n"
      "Mem:      10124380    9130136     994244     709672     566908    3441912\n"
      "-/+ buffers/cache:    5121316    5003064\n"
      "Swap:      2943996          0    2943996\n");
  const auto& values = log.moments[0].values;
  EXPECT_EQ(values.at("tools.free_and_cache"), (994244 + 566908 + 3441912) * kKiB);
  EXPECT_EQ(values.count("meminfo.MemAvailable"), 0U);
  EXPECT_EQ(values.at("meminfo.SwapTotal"), 2943996 * kKiB);
}

TEST(FreeTable, OfOtherLanguages) {
  const auto format = free_table();
  KeptLog log(*format);
  log.read(
      "               gesamt     benutzt        frei      gemns.  Puffer/Cache verfügbar\n"
      "Speicher:    24684092     1646912    20315544        8916     2721636    22622344\n"
      "Auslager:        2048           0        1024\n"
      "               gesamt     benutzt        frei      gemns.      Puffer       Cache   verfügbar\n"
      "Speicher:        23Gi       1,3Gi        20Gi       8,7Mi       1,0Gi       1,4Gi        22Gi\n"
      "             gesamt    belegt     frei    gemns.    Puffer    Zwischen\n"
      "Speicher:  10124380    9130136     994244     709672     566908    3441912\n");
  ASSERT_GE(log.moments.size(), 3U);
  EXPECT_EQ(log.moments[0].values.at("meminfo.MemTotal"), 24684092 * kKiB);
  EXPECT_EQ(log.moments[0].values.at("meminfo.MemAvailable"), 22622344 * kKiB);
  EXPECT_EQ(log.moments[0].values.at("meminfo.SwapFree"), 1024 * kKiB);
  EXPECT_EQ(log.moments[1].values.at("meminfo.MemAvailable"), 22 * kGiB);
  EXPECT_EQ(log.moments[2].values.at("tools.free_and_cache"), (994244 + 566908 + 3441912) * kKiB);
  EXPECT_TRUE(log.refused.empty());
  EXPECT_TRUE(log.declined.empty());
}

TEST(FreeTable, IsNoSentenceAndNoOtherTable) {
  const auto format = free_table();
  for (const std::string_view line :
       {"              at some place in the code", "          one   two   three   four   five",
        "          what    1    2    and    3    or", "  gesamt   benutzt   frei   gemns.   Puffer/Cache   verfügbar",
        "            a/b     used     free     shared     buffers     cached", "", "          "}) {
    EXPECT_FALSE(format->begins(line)) << line;
  }
}

TEST(FreeTable, TheUnitIsWhatTheTotalCanBe) {
  const auto format = free_table();
  KeptLog log(*format);
  log.read(
      "               total        used        free      shared     buffers       cache   available\n"
      "Mem:           24105        2314        9060           8         239       12890       21790\n"
      "               total        used        free      shared  buff/cache   available\n"
      "Mem:     25276510208  2695577600  9231069184     9068544 13769842688 22580932608\n");
  EXPECT_EQ(log.moments[0].values.at("meminfo.MemAvailable"), 21790 * kMiB + kMiB / 2);
  EXPECT_EQ(log.half_steps.at("meminfo.MemAvailable"), kMiB / 2);
  EXPECT_EQ(log.moments[1].values.at("meminfo.MemAvailable"), 22580932608);
}

TEST(SlabtopScreen, ObjectsExactlyAndSizesByTheirAlignment) {
  const auto format = slabtop_screen();
  KeptLog log(*format);
  log.read(
      " Active / Total Objects (% used)    : 3648940 / 3680956 (99.1%)\n"
      " Active / Total Slabs (% used)      : 123739 / 123739 (100.0%)\n"
      " Active / Total Caches (% used)     : 134 / 235 (57.0%)\n"
      " Active / Total Size (% used)       : 915287.79K / 920379.61K (99.4%)\n"
      " Minimum / Average / Maximum Object : 0.01K / 0.25K / 50.27K\n"
      "\n"
      "  OBJS ACTIVE  USE OBJ SIZE  SLABS OBJ/SLAB CACHE SIZE NAME                   \n"
      "1642641 1641192  99%    0.10K  42119       39    168476K buffer_head            \n"
      "567903 567543  99%    0.19K  27043       21    108172K dentry                 \n"
      "467992 467748  99%    1.10K  33428       14    534848K ext4_inode_cache       \n"
      "     7      x  99%    1.10K      1       14    534848K broken\n");
  const auto& values = log.moments[0].values;
  EXPECT_EQ(values.at("dentry slab.active_objects"), 567543);
  EXPECT_EQ(values.at("dentry slab.bytes"), 108172 * kKiB);
  EXPECT_EQ(values.at("buffer_head slab.object_size"), 104);
  EXPECT_EQ(values.at("dentry slab.object_size"), 192);
  EXPECT_EQ(values.at("ext4_inode_cache slab.object_size"), 1128);
  EXPECT_TRUE(log.half_steps.empty());
  EXPECT_EQ(log.refused.size(), 1U);
}

TEST(TopScreen, MachineAndProcesses) {
  const auto format = top_screen();
  KeptLog log(*format);
  log.read(
      "top - 12:53:06 up 0 min,  0 user,  load average: 0.90, 0.21, 0.07\n"
      "Tasks:  69 total,   6 running,  63 sleeping,   0 stopped,   0 zombie\n"
      "%Cpu(s): 26.0 us, 60.7 sy,  0.0 ni,  1.2 id,  0.0 wa,  0.0 hi, 12.1 si,  0.0 st \n"
      "MiB Mem :    940.5 total,    829.6 free,    164.2 used,     36.6 buff/cache     \n"
      "MiB Swap:      0.0 total,      0.0 free,      0.0 used.    776.3 avail Mem \n"
      "\n"
      "  PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n"
      "   36 root      39  19       0      0      0 R  18.0   0.0   0:00.44 khugepaged\n"
      "  140 root      20   0   13952  12884   1504 R   6.1   1.3   0:01.29 web-server\n"
      "10014 root      20   0 2351.6m 131.5m  23.4m S  33.3   0.5   0:03.63 worker one\n"
      "\n"
      "top - 12:53:10 up 0 min,  0 user,  load average: 0.90, 0.21, 0.07\n"
      "KiB Mem :   963044 total,   849510 free,\n");
  ASSERT_GE(log.moments.size(), 2U);
  const auto& values = log.moments[0].values;
  ASSERT_TRUE(log.moments[0].time);
  EXPECT_EQ(log.moments[0].time->kind, LogTime::Kind::kTimeOfDay);
  EXPECT_EQ(values.at("meminfo.MemAvailable"), 776 * kMiB + 3 * (kMiB / 10) + 3 * (kMiB % 10) / 10);
  EXPECT_EQ(log.half_steps.at("meminfo.MemAvailable"), kMiB / 20);
  EXPECT_EQ(values.at("web-server process.rss_anon"), (12884 - 1504) * kKiB);
  EXPECT_EQ(log.half_steps.at("worker process.rss_anon"), kMiB / 20 * 2) << "of a command line its first word is kept";
  EXPECT_EQ(values.count("khugepaged process.rss"), 0U);
  EXPECT_EQ(log.cpu_times.at("web-server"), std::chrono::milliseconds(1290));
  EXPECT_EQ(log.moments[1].values.at("meminfo.MemFree"), 849510 * kKiB);
}

TEST(PsTable, FormsOfPs) {
  const auto format = ps_table();
  KeptLog log(*format);
  log.read(
      "USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n"
      "root         1 18.4  0.0   2584   932 ?        S    12:52   0:08 /bin/sh /run/start --password secret\n"
      "root         2  0.4  0.0      0     0 ?        S    12:52   0:00 [kthreadd]\n"
      "  PID   RSS    VSZ COMMAND\n"
      "    1   940   2584 sh\n"
      "not a row\n");
  ASSERT_GE(log.moments.size(), 2U);
  EXPECT_EQ(log.moments[0].values.at("/bin/sh process.rss"), 932 * kKiB);
  EXPECT_EQ(log.moments[0].values.size(), 2U);
  EXPECT_EQ(log.declined, std::vector<std::string>{"not a row"});
}

TEST(PidstatTable, AMomentPerTime) {
  const auto format = pidstat_table();
  KeptLog log(*format);
  log.read(
      "Linux 6.1.0-56-amd64 (guest) \t11/20/26 \t_x86_64_\t(2 CPU)\n"
      "\n"
      "12:44:41      UID       PID  minflt/s  majflt/s     VSZ     RSS   %MEM  Command\n"
      "12:44:42        0      9678     47.06      0.00  374396  195824   0.79  web-server\n"
      "12:44:42        0      9329     26.73      0.00       0       0   0.00  ended\n"
      "\n"
      "12:44:42      UID       PID  minflt/s  majflt/s     VSZ     RSS   %MEM  Command\n"
      "12:44:43        0      9678     47.06      0.00   53.0M   21.4M   0.79  web-server\n"
      "12:44:44 PM        0      9678     47.06      0.00   53000   21000   0.79  web-server\n"
      "Average:        0      9329     13.30      0.00  172180   93840   0.38  clang++-19\n");
  ASSERT_GE(log.moments.size(), 3U);
  EXPECT_EQ(log.moments[0].values.at("web-server process.rss"), 195824 * kKiB);
  EXPECT_EQ(log.moments[0].values.size(), 2U);
  EXPECT_EQ(log.half_steps.at("web-server process.rss"), kMiB / 20);
  EXPECT_EQ(log.moments[2].time->value, std::chrono::hours(12) + std::chrono::minutes(44) + std::chrono::seconds(44));
}

TEST(PmapTable, OneProcess) {
  const auto format = pmap_table();
  KeptLog log(*format);
  const std::string text =
      "140:   ./web-server 1048576 180\n"
      "Address           Kbytes     RSS   Dirty Mode  Mapping\n"
      "000055f6c8fff000       4       4       4 r-x-- web-server\n"
      "000055f70467a000    3168    3148    3148 rw---   [ anon ]\n"
      "00007fdf03ba5000      12       8       8 rw---   [ anon ]\n"
      "00007ffd0a77f000     132      12      12 rw---   [ stack ]\n"
      "---------------- ------- ------- ------- \n"
      "total kB            5504    4744    3252\n";
  log.read(text + text);
  ASSERT_GE(log.moments.size(), 2U) << "the same pid again is another moment";
  const auto& values = log.moments[0].values;
  EXPECT_EQ(values.at("./web-server process.rss"), 4744 * kKiB);
  EXPECT_EQ(values.at("./web-server process.anon_map_rss"), (3148 + 8) * kKiB);
  EXPECT_EQ(values.at("./web-server process.stack_rss"), 12 * kKiB);
  EXPECT_EQ(values.at("./web-server process.mappings"), 4);
  EXPECT_EQ(log.moments[1].values.at("./web-server process.rss"), 4744 * kKiB);
}

TEST(ToolTables, NoLineOfOneBeginsAnother) {
  const auto formats = tool_tables();
  for (const char* line :
       {" r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st",
        "               total        used        free      shared  buff/cache   available",
        "  OBJS ACTIVE  USE OBJ SIZE  SLABS OBJ/SLAB CACHE SIZE NAME", "140:   ./web-server 1048576 180",
        "top - 12:53:06 up 0 min,  0 user,  load average: 0.90, 0.21, 0.07", "  PID   RSS    VSZ COMMAND",
        "12:44:41      UID       PID  minflt/s  majflt/s     VSZ     RSS   %MEM  Command"}) {
    EXPECT_EQ(std::ranges::count_if(formats, [&](const auto& format) { return format->begins(line); }), 1) << line;
  }
  for (const char* line :
       {"", "MemTotal:       24684092 kB", "[    0.000000] Linux version 6.1.0 (a) (2 CPU", "hello"}) {
    EXPECT_EQ(std::ranges::count_if(formats, [&](const auto& format) { return format->begins(line); }), 0) << line;
  }
}

}  // namespace
}  // namespace leakscope::sources::logs
