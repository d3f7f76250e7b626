#include "sources/cgroupfs/cgroup_files.h"

#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace leakscope::sources::cgroupfs {
namespace {

using model::Metric;

std::string read_testdata(const std::string& name) {
  std::ifstream in(std::string(LEAKSCOPE_TESTDATA) + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(MemoryStatV1, TakesTheTotalsOfARealFile) {
  CgroupValues values;
  ASSERT_TRUE(parse_memory_stat_v1(read_testdata("cgroup_files/6.18-x86_64-v1-memory.stat"), "memory.stat", values));
  EXPECT_EQ(values.find(Metric::kCgroupAnon), 24555520);
  EXPECT_EQ(values.find(Metric::kCgroupFile), 44318720);
  EXPECT_EQ(values.find(Metric::kCgroupShmem), 9068544);
  EXPECT_EQ(values.find(Metric::kCgroupSwapCurrent), 0);
  EXPECT_EQ(values.find(Metric::kCgroupInactiveFile), 13438976);
  EXPECT_EQ(values.find(Metric::kCgroupActiveFile), 21811200);
  EXPECT_EQ(values.find(Metric::kCgroupUnevictable), 21180416);
  EXPECT_EQ(values.find(Metric::kCgroupKernel), std::nullopt);
  EXPECT_EQ(values.size(), 7U);
}

TEST(MemoryStatV2, ReadsEachRealKernel) {
  struct Capture {
    const char* kernel;
    std::int64_t anon, slab_unreclaimable;
    std::optional<std::int64_t> kernel_bytes;  // from 5.18
  };
  for (const Capture& capture : {Capture{"5.10", 0, 0, std::nullopt},
                                 {"6.1", 102400, 7384, 73728},
                                 {"6.12", 98304, 8416, 73728},
                                 {"7.3", 102400, 8312, 65536}}) {
    SCOPED_TRACE(capture.kernel);
    CgroupValues values;
    const std::string file = std::string("cgroup_files/") + capture.kernel + "-x86_64-guest-v2-memory.stat";
    ASSERT_TRUE(parse_memory_stat_v2(read_testdata(file), "memory.stat", values));
    EXPECT_EQ(values.find(Metric::kCgroupAnon), capture.anon);
    EXPECT_EQ(values.find(Metric::kCgroupSlabUnreclaimable), capture.slab_unreclaimable);
    EXPECT_EQ(values.find(Metric::kCgroupKernel), capture.kernel_bytes);
  }
}

TEST(MemoryStatV2, TakesEveryKeyThatHasAMetric) {
  CgroupValues values;
  ASSERT_TRUE(
      parse_memory_stat_v2(read_testdata("cgroup_files/6.12-format-v2-memory-stat-made.txt"), "memory.stat", values));
  EXPECT_EQ(values.find(Metric::kCgroupAnon), 31154200576);
  EXPECT_EQ(values.find(Metric::kCgroupKernel), 120000512);
  EXPECT_EQ(values.find(Metric::kCgroupKernelStack), 5242880);
  EXPECT_EQ(values.find(Metric::kCgroupSlabUnreclaimable), 15298680);
  EXPECT_EQ(values.find(Metric::kCgroupZswap), 1048576);
  EXPECT_EQ(values.size(), 16U);
}

TEST(CgroupStat, TakesDyingDescendants) {
  CgroupValues values;
  ASSERT_TRUE(parse_cgroup_stat("nr_descendants 55\nnr_subsys_memory 55\nnr_dying_descendants 35\n", "f", values));
  EXPECT_EQ(values.find(Metric::kCgroupDescendants), 55);
  EXPECT_EQ(values.find(Metric::kCgroupDyingDescendants), 35);
}

TEST(MemoryEvents, KnowsItsKeysOnlyAsWholeWords) {
  CgroupValues values;
  ASSERT_TRUE(parse_memory_events("low 0\nhigh 3\nmax 4\noom 2\noom_kill 1\noom_group_kill 9\n", "f", values));
  EXPECT_EQ(values.find(Metric::kCgroupEventsHigh), 3);
  EXPECT_EQ(values.find(Metric::kCgroupEventsMax), 4);
  EXPECT_EQ(values.find(Metric::kCgroupEventsOom), 2);
  EXPECT_EQ(values.find(Metric::kCgroupEventsOomKill), 1);
}

TEST(KeyedFile, AWrongLineIsNamedAndTheOthersCount) {
  CgroupValues values;
  const auto answer = parse_memory_stat_v2("anon 5\nfile x\nshmem -4\nkernel\nsock 99999999999999999999\npercpu 7\n",
                                           "memory.stat", values);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().line, 2U);
  EXPECT_EQ(answer.error().what, "want 'file <number>', got 'file x'");
  EXPECT_EQ(values.find(Metric::kCgroupAnon), 5);
  EXPECT_EQ(values.find(Metric::kCgroupPercpu), 7);
  EXPECT_EQ(values.size(), 2U);
}

TEST(KeyedFile, ALineCutInHalfIsNoValue) {
  const std::string whole = "anon 4096\nfile 8192\n";
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    CgroupValues values;
    const auto answer = parse_memory_stat_v2(whole.substr(0, cut), "memory.stat", values);
    const bool at_line_end = cut == 0 || whole[cut - 1] == '\n';
    EXPECT_EQ(answer.has_value(), at_line_end) << cut;
    EXPECT_EQ(values.find(Metric::kCgroupFile), std::nullopt) << cut;
    EXPECT_EQ(values.find(Metric::kCgroupAnon).has_value(), cut >= 10) << cut;
  }
}

TEST(KeyedFile, OfDuplicatesTheLastCountsAndAnEmptyFileHasNothing) {
  CgroupValues values;
  EXPECT_TRUE(parse_memory_stat_v2("anon 1\nanon 2\n", "f", values));
  EXPECT_EQ(values.find(Metric::kCgroupAnon), 2);
  values.clear();
  EXPECT_TRUE(parse_memory_stat_v2("", "f", values));
  EXPECT_EQ(values.size(), 0U);
}

TEST(Amount, TellsNumbersFromNoLimit) {
  EXPECT_EQ(parse_amount("4096\n", "f").value(), std::optional<std::int64_t>(4096));
  EXPECT_EQ(parse_amount("0\n", "f").value(), std::optional<std::int64_t>(0));
  // "max", PAGE_COUNTER_MAX with pages of 4 and 64 KiB, and what res_counter of older kernels said
  for (const char* none :
       {"max\n", "9223372036854771712\n", "9223372036854710272\n", "9223372036854775807\n", "18446744073709551615\n"}) {
    const auto amount = parse_amount(none, "f");
    ASSERT_TRUE(amount) << none;
    EXPECT_EQ(*amount, std::nullopt) << none;
  }
  for (const char* wrong : {"-1\n", "\n", "x\n", "1 2\n", "maximum\n", "99999999999999999999999\n"}) {
    const auto amount = parse_amount(wrong, "f");
    ASSERT_FALSE(amount) << wrong;
    EXPECT_EQ(amount.error().kind, Error::Kind::kMalformed);
  }
  for (const char* cut : {"", "12", "ma"}) {
    const auto amount = parse_amount(cut, "f");
    ASSERT_FALSE(amount) << cut;
    EXPECT_EQ(amount.error().kind, Error::Kind::kTruncated);
  }
}

TEST(ProcCgroups, FindsTheRowOfAController) {
  const std::string text = read_testdata("cgroup_files/6.18-x86_64-hybrid-proc-cgroups.txt");
  const auto memory = parse_proc_cgroups(text, "memory");
  ASSERT_TRUE(memory && *memory);
  EXPECT_EQ((*memory)->hierarchy, 4);
  EXPECT_EQ((*memory)->num_cgroups, 16);
  const auto none = parse_proc_cgroups(text, "cuda");
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  EXPECT_FALSE(parse_proc_cgroups("memory\t4\n", "memory"));
  EXPECT_FALSE(parse_proc_cgroups("memory\t4\t-3\t1\n", "memory"));
  EXPECT_FALSE(parse_proc_cgroups("memory\t4\t16\t1", "memory"));
}

TEST(CgroupProcs, LeavesOutProcessesOfOtherNamespaces) {
  const auto pids = parse_cgroup_procs("1\n0\n4711\n", "cgroup.procs");
  ASSERT_TRUE(pids);
  EXPECT_EQ(*pids, (std::vector<Pid>{Pid{1}, Pid{4711}}));
  EXPECT_FALSE(parse_cgroup_procs("1\n-5\n", "cgroup.procs"));
  EXPECT_FALSE(parse_cgroup_procs("1\n47", "cgroup.procs"));
  EXPECT_TRUE(parse_cgroup_procs("", "cgroup.procs")->empty());
}

}  // namespace
}  // namespace leakscope::sources::cgroupfs
