#include "sources/oom_report/oom_parser.h"

#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "base/text_cursor.h"

namespace leakscope::sources::oom_report {
namespace {

std::string read_testdata(const std::string& name) {
  std::ifstream in(std::string(LEAKSCOPE_TESTDATA) + "/oom_parser/" + name, std::ios::binary);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What the reader of log lines does, as far as these files need it.
std::string_view message_of(std::string_view line) {
  const std::size_t tag = line.find(" kernel: ");
  if (tag != std::string_view::npos) line.remove_prefix(tag + 9);
  while (line.starts_with('[')) {
    const std::size_t end = line.find(']');
    if (end == std::string_view::npos) break;
    const std::string_view inside = trim(line.substr(1, end - 1));
    if (inside.find('.') == std::string_view::npos && !inside.starts_with('T')) break;
    line.remove_prefix(end + 1);
    if (line.starts_with(' ')) line.remove_prefix(1);
  }
  return line;
}

std::vector<OomReport> parse(std::string_view text) {
  OomParser parser;
  std::vector<OomReport> reports;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (auto done = parser.feed(message_of(*line), lines.number())) reports.push_back(std::move(*done));
  }
  if (auto done = parser.finish()) reports.push_back(std::move(*done));
  return reports;
}

OomReport parse_one(const std::string& file) {
  auto reports = parse(read_testdata(file));
  EXPECT_EQ(reports.size(), 1U) << file;
  return reports.empty() ? OomReport{} : std::move(reports.front());
}

TEST(OomParser, ReadsARealReportOfACgroup) {
  const OomReport report = parse_one("6.18-x86_64-memcg-v1.txt");
  EXPECT_TRUE(report.missing().empty());
  EXPECT_EQ(report.trigger.comm, "hoard");
  EXPECT_EQ(report.trigger.pid, Pid{10651});
  EXPECT_EQ(report.trigger.gfp_mask, 0xcc0U);
  EXPECT_EQ(report.trigger.gfp_flags, "GFP_KERNEL");
  EXPECT_EQ(report.trigger.order, 0);
  EXPECT_EQ(report.trigger.oom_score_adj, 0);
  EXPECT_EQ(report.kernel_release, "6.18.44");
  EXPECT_EQ(report.constraint, Constraint::kMemcg);
  EXPECT_TRUE(report.constraint_stated);
  EXPECT_EQ(report.oom_cgroup, "/shop");
  EXPECT_EQ(report.task_cgroup, "/shop/web");
  EXPECT_EQ(report.mems_allowed, "0");
  EXPECT_TRUE(report.nodemask.empty());
  ASSERT_TRUE(report.memory && report.memory_and_swap && report.kernel_memory);
  EXPECT_EQ(report.memory->usage, Bytes::from_mib(64));
  EXPECT_EQ(report.memory->failcnt, 54);
  EXPECT_EQ(report.kernel_memory->usage, Bytes::from_kib(332));
  ASSERT_EQ(report.cgroups.size(), 1U);
  EXPECT_EQ(report.cgroups[0].path, "/shop");
  EXPECT_EQ(report.cgroups[0].get("total_rss"), 58380288);
  EXPECT_EQ(report.cgroups[0].get("total_shmem"), 8388608);
  ASSERT_EQ(report.tasks.size(), 3U);
  EXPECT_EQ(report.tasks[2].comm, "hoard");
  EXPECT_EQ(report.tasks[2].rss_pages, 10864);
  EXPECT_EQ(report.tasks[2].rss_anon_pages, 8544);
  EXPECT_EQ(report.tasks[2].rss_file_pages, 272);
  EXPECT_EQ(report.tasks[2].rss_shmem_pages, 2048);
  EXPECT_EQ(report.tasks[2].page_table_bytes, 131072);
  EXPECT_EQ(report.tasks[2].swap_pages, 0);
  ASSERT_EQ(report.victims.size(), 1U);
  EXPECT_EQ(report.victims[0].pid, Pid{10651});
  EXPECT_EQ(report.victims[0].anon_rss, Bytes::from_kib(34176));
  EXPECT_EQ(report.victims[0].shmem_rss, Bytes::from_mib(8));
  EXPECT_EQ(report.victims[0].page_tables, Bytes::from_kib(128));
  EXPECT_EQ(report.rows_not_read, 0U);
}

TEST(OomParser, ReadsTheFormatOf310) {
  const OomReport report = parse_one("3.10-global-format-made.txt");
  EXPECT_TRUE(report.missing().empty());
  EXPECT_EQ(report.constraint, Constraint::kNone);
  EXPECT_FALSE(report.constraint_stated);
  EXPECT_EQ(report.trigger.gfp_mask, 0x201daU);
  EXPECT_TRUE(report.trigger.gfp_flags.empty());
  EXPECT_EQ(report.page_size(), PageSize{4096});
  EXPECT_EQ(report.machine.get(Counter::kActiveAnon), 430000);
  EXPECT_EQ(report.machine.get(Counter::kSlabUnreclaimable), 9000);
  EXPECT_EQ(report.machine.get(Counter::kFreeCma), 0);
  EXPECT_EQ(report.machine.get(Counter::kFreePcp), std::nullopt);
  ASSERT_EQ(report.zones.size(), 2U);
  EXPECT_EQ(report.zones[1].name, "DMA32");
  EXPECT_EQ(report.zones[1].kib.get(Counter::kManaged), 520313 * 4);
  EXPECT_EQ(report.zones[1].lowmem_reserve, (std::vector<std::int64_t>{0, 0, 0, 0}));
  EXPECT_EQ(report.zones[0].free_blocks.size(), 11U);
  EXPECT_EQ(report.totals.swap_free, Bytes(0));
  EXPECT_EQ(report.totals.swap_total, Bytes::from_kib(1048572));
  EXPECT_EQ(report.totals.reserved, 6000);
  ASSERT_EQ(report.tasks.size(), 5U);
  EXPECT_EQ(report.tasks[1].page_table_pages, 900);
  EXPECT_EQ(report.tasks[4].oom_score_adj, -1000);
  ASSERT_EQ(report.victims.size(), 1U);
  EXPECT_EQ(report.victims[0].score, 571);
  EXPECT_EQ(report.victims[0].anon_rss, Bytes::from_kib(1040000));
}

TEST(OomParser, ReadsCgroupsOf49) {
  const OomReport report = parse_one("4.9-memcg-v1-syslog-format-made.txt");
  EXPECT_TRUE(report.missing().empty());
  EXPECT_EQ(report.constraint, Constraint::kMemcg);
  EXPECT_EQ(report.oom_cgroup, "/kubepods/burstable/pod7");
  EXPECT_EQ(report.task_cgroup, "/kubepods/burstable/pod7/6f1c");
  EXPECT_EQ(report.cpuset, "6f1c");
  ASSERT_EQ(report.cgroups.size(), 3U);
  EXPECT_EQ(report.cgroups[1].get("rss"), std::int64_t{252976} * 1024);
  EXPECT_EQ(report.tasks[1].page_table_pages, 174);
  ASSERT_EQ(report.victims.size(), 1U);
  EXPECT_TRUE(report.victims[0].reaped);
  EXPECT_EQ(report.victims[0].left_by_reaper, Bytes::from_kib(512));
  EXPECT_EQ(report.victims[0].score, 1969);
}

TEST(OomParser, ReadsNodesSlabAndFragments) {
  const OomReport report = parse_one("5.10-global-two-nodes-slab-order-3-format-made.txt");
  EXPECT_TRUE(report.missing().empty());
  EXPECT_EQ(report.trigger.order, 3);
  EXPECT_EQ(report.kernel_release, "5.10.0-32-amd64");
  ASSERT_EQ(report.nodes.size(), 2U);
  EXPECT_EQ(report.nodes[1].kib.get(Counter::kKernelStack), 12000);
  ASSERT_EQ(report.zones.size(), 4U);
  EXPECT_EQ(report.zones[3].node, 1);
  EXPECT_EQ(report.hugepages.size(), 4U);
  ASSERT_EQ(report.unreclaimable_slab.size(), 5U);
  EXPECT_EQ(report.unreclaimable_slab[1].name, "kmalloc-4k");
  EXPECT_EQ(report.unreclaimable_slab[1].total, Bytes::from_kib(8410112));
  EXPECT_EQ(report.tasks.back().comm, "nginx: worker (main)");
  EXPECT_EQ(report.victims[0].uid, 110);
  EXPECT_TRUE(report.victims[0].reaped);
}

TEST(OomParser, ReadsPoliciesAndCallSites) {
  const OomReport report = parse_one("6.12-memory-policy-format-made.txt");
  EXPECT_EQ(report.constraint, Constraint::kMemoryPolicy);
  EXPECT_EQ(report.nodemask, "1");
  EXPECT_EQ(report.mems_allowed, "0-1");
  EXPECT_EQ(report.machine.get(Counter::kSecPagetables), 600);
  ASSERT_EQ(report.allocations.size(), 3U);
  EXPECT_EQ(report.allocations[1].calls, 200100);
  EXPECT_EQ(report.allocations[1].bytes, Bytes::from_mib(781));
  EXPECT_EQ(report.allocations[2].site, "mm/slub.c:2412 [zsmalloc] func:alloc_slab_page");
}

TEST(OomParser, ReadsStatisticsWithoutHeadsAndWholeCgroupsKilled) {
  const OomReport report = parse_one("6.1-memcg-v2-journal-format-made.txt");
  EXPECT_TRUE(report.missing().empty());
  ASSERT_EQ(report.cgroups.size(), 1U);
  EXPECT_EQ(report.cgroups[0].get("kernel"), 16252928);
  EXPECT_EQ(report.cgroups[0].get("slab_unreclaimable"), 11534336);
  ASSERT_EQ(report.victims.size(), 2U);
  EXPECT_EQ(report.victims[1].comm, "(pager)");
}

TEST(OomParser, TellsConstraintsThatOldKernelsDoNotName) {
  const std::string head =
      "x invoked oom-killer: gfp_mask=0x24200ca(GFP_HIGHUSER_MOVABLE), nodemask=1, order=0, oom_score_adj=0\n";
  auto reports = parse(head + "x cpuset=/ mems_allowed=0-1\nMem-Info:\nactive_anon:1\n");
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].constraint, Constraint::kMemoryPolicy);
  reports = parse(
      "x invoked oom-killer: gfp_mask=0x201da, order=0, oom_score_adj=0\nx cpuset=batch mems_allowed=1\nMem-Info:\n"
      "Node 1 Normal free:4kB min:8kB present:4000kB managed:4000kB\nNode 1 Normal: 1*4kB (U) = 4kB\n2000 pages RAM\n");
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].constraint, Constraint::kCpuset);
  reports = parse(
      "oom-kill:constraint=CONSTRAINT_CPUSET,nodemask=0-1,3,cpuset=a,b,mems_allowed=0-1,3,global_oom,task_memcg=/"
      "x,y,task=z,pid=1,uid=0\n");
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].constraint, Constraint::kCpuset);
  EXPECT_EQ(reports[0].nodemask, "0-1,3");
  EXPECT_EQ(reports[0].cpuset, "a,b");
  EXPECT_EQ(reports[0].mems_allowed, "0-1,3");
  EXPECT_EQ(reports[0].task_cgroup, "/x,y");
}

TEST(OomParser, KillsWithoutAHeadAreReportsOfTheirOwn) {
  const auto reports = parse(
      "Out of memory: Killed process 5 (a b) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 "
      "pgtables:8kB "
      "oom_score_adj:-5\nMemory cgroup out of memory: Killed process 6 (c) total-vm:8kB, anon-rss:4kB\n");
  ASSERT_EQ(reports.size(), 2U);
  EXPECT_EQ(reports[0].victims[0].comm, "a b");
  EXPECT_EQ(reports[0].victims[0].oom_score_adj, -5);
  EXPECT_EQ(reports[0].constraint, Constraint::kNone);
  EXPECT_EQ(reports[1].constraint, Constraint::kMemcg);
  EXPECT_EQ(reports[1].missing().front(), "who asked for memory");
}

TEST(OomParser, WordsLikeAReportAreNone) {
  EXPECT_TRUE(parse("Kill process 5 (x) sharing same memory\nKilled process of elimination\n").empty());
  EXPECT_TRUE(parse("").empty());
  EXPECT_TRUE(parse("\n\n\xff\xfe\n").empty());
}

TEST(OomParser, LinesOfOthersInBetweenAreCountedAndIgnored) {
  const std::string text = read_testdata("3.10-global-format-made.txt");
  std::string mixed;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    mixed.append(*line).append("\n[ 1234.500000] usb 1-1: reset high-speed USB device\n");
  }
  const auto reports = parse(mixed);
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_TRUE(reports[0].missing().empty());
  EXPECT_EQ(reports[0].tasks.size(), 5U);
  EXPECT_GT(reports[0].lines_in_between, 30U);
}

TEST(OomParser, TornRowsAreCounted) {
  const auto reports = parse(
      "x invoked oom-killer: gfp_mask=0x201da, order=0, oom_score_adj=0\n"
      "[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name\n"
      "[  390]     0   390    39012     6739      78       51             0 systemd-journal\n"
      "[  391]     0   391    39\n[  392]     0   392    39012     -1      78       51             0 x\n");
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].tasks.size(), 1U);
  EXPECT_EQ(reports[0].rows_not_read, 2U);
}

TEST(OomParser, EveryCutGivesWhatCameBefore) {
  for (const char* const file : {"6.18-x86_64-memcg-v1.txt", "5.10-global-two-nodes-slab-order-3-format-made.txt"}) {
    const std::string text = read_testdata(file);
    const std::size_t first_line = text.find('\n');
    std::size_t tasks = 0;
    for (std::size_t length = 0; length < text.size(); length += 7) {
      const auto reports = parse(std::string_view(text).substr(0, length));
      ASSERT_LE(reports.size(), 1U);
      if (length >= first_line) {
        ASSERT_EQ(reports.size(), 1U) << file << " at " << length;
        ASSERT_GE(reports[0].tasks.size(), tasks);
        tasks = reports[0].tasks.size();
      }
    }
    EXPECT_GE(tasks, 3U);
  }
}

TEST(OomParser, AReportWhoseBeginningIsLostIsOneReport) {
  struct Cut {
    const char* file;
    std::string_view first;  ///< the line that is left to begin with
  };
  constexpr Cut kCuts[] = {{"6.1-x86_64-slab.txt", "active_anon:"},
                           {"6.1-x86_64-slab.txt", "Node 0 DMA free:"},
                           {"6.1-x86_64-slab.txt", "Node 0 DMA32 free:"},
                           {"6.1-x86_64-slab.txt", "Unreclaimable slab info:"},
                           {"6.1-x86_64-slab.txt", "[  pid  ]"},
                           {"3.10-global-format-made.txt", "active_anon:"},
                           {"3.10-global-format-made.txt", "Node 0 DMA32 free:"},
                           {"3.10-global-format-made.txt", "[ pid ]"},
                           {"6.18-x86_64-memcg-v1.txt", "memory: usage"}};
  for (const Cut& cut : kCuts) {
    const std::string text = read_testdata(cut.file);
    const std::size_t at = text.find(cut.first);
    ASSERT_NE(at, std::string::npos) << cut.first;
    const auto reports = parse(std::string_view(text).substr(text.rfind('\n', at) + 1));
    ASSERT_EQ(reports.size(), 1U) << cut.file << " from " << cut.first;
    EXPECT_EQ(reports[0].missing().front(), "who asked for memory") << cut.first;
    EXPECT_FALSE(reports[0].tasks.empty()) << cut.first;
    EXPECT_EQ(reports[0].victims.size(), 1U) << cut.first;
  }
}

TEST(OomParser, WordsOfTheMiddleOfAReportAreNone) {
  EXPECT_TRUE(parse("active_anon: many, inactive_anon: few\n").empty());
  EXPECT_TRUE(parse("active_anon:17\n").empty());
  EXPECT_TRUE(parse("nr_active_anon 1263\nnr_inactive_anon 17\n").empty());
  EXPECT_TRUE(parse("disk sda free:12kB min:8kB low:9kB\n").empty());
  EXPECT_TRUE(parse("memory: usage is high, limit it\n").empty());
  EXPECT_TRUE(parse("cat: oom_score_adj name\n").empty());
}

TEST(OomParser, FiguresThatDoNotFitAreLeftOut) {
  const auto reports = parse(
      "Mem-Info:\nactive_anon:99999999999999999999 inactive_anon:-5 active_file:7\nNode 99999999999 Normal free:1kB\n"
      "Node 0 Normal: 1*4kB 2*99999999999999999999kB = 4kB\nFree swap  = 9223372036854775807kB\n");
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].machine.get(Counter::kActiveAnon), std::nullopt);
  EXPECT_EQ(reports[0].machine.get(Counter::kInactiveAnon), std::nullopt);
  EXPECT_EQ(reports[0].machine.get(Counter::kActiveFile), 7);
  EXPECT_EQ(reports[0].totals.swap_free, Bytes(std::numeric_limits<std::int64_t>::max()));
}

}  // namespace
}  // namespace leakscope::sources::oom_report
