#include "sources/procfs/vmstat.h"

#include "sources/procfs/test_texts.h"

namespace leakscope::sources::procfs {
namespace {

using model::Metric;

constexpr PageSize kPage{4096};

MachineValues parsed(std::string_view text, PageSize page_size = kPage) {
  MachineValues values;
  EXPECT_TRUE(parse_vmstat(text, page_size, values));
  return values;
}

TEST(Vmstat, ReadsARealMachine) {
  const MachineValues values = parsed(testdata("vmstat/6.18-x86_64-vm.txt"));
  EXPECT_TRUE(values.faults.empty());
  EXPECT_EQ(values.find(Metric::kVmstatOomKill), 3);
  EXPECT_EQ(values.find(Metric::kVmstatMemmapBootPages), 98304LL * 4096);
  EXPECT_EQ(values.find(Metric::kVmstatHugetlb), 0);
  EXPECT_EQ(values.find(Metric::kVmstatGpuActive), std::nullopt);
  EXPECT_EQ(values.find(Metric::kVmstatPgscan), 0);
}

TEST(Vmstat, ReadsEachRealKernel) {
  struct Capture {
    const char* kernel;
    std::int64_t free_pages;
  };
  for (const Capture& capture : {Capture{"5.10", 233425}, {"6.1", 230075}, {"6.12", 233989}, {"7.3", 226481}}) {
    SCOPED_TRACE(capture.kernel);
    const MachineValues values = parsed(testdata(std::string("vmstat/") + capture.kernel + "-x86_64-guest.txt"));
    EXPECT_TRUE(values.faults.empty());
    EXPECT_EQ(values.find(Metric::kVmstatFreePages), capture.free_pages * 4096);
    EXPECT_EQ(values.find(Metric::kVmstatOomKill), 0);
  }
}

struct Kernel {
  const char* file;
  std::int64_t pgscan, pgscan_direct, pgsteal, allocstall, refault;
  std::optional<std::int64_t> kernel_stack, oom_kill, hugetlb, vmalloc;
};

TEST(Vmstat, JoinsWhatKernelsSplitDifferently) {
  const std::optional<std::int64_t> none;
  const Kernel kernels[] = {
      {"3.10", 432 + 13, 13, 321 + 9, 17, 123, none, none, none, none},
      {"4.18", 432 + 13, 13, 321 + 9, 10, 123, 18432 * 1024, 2, none, none},
      {"5.10", 432 + 13, 13, 321 + 9, 10, 123, 18432 * 1024, 2, none, none},
      {"6.1", 432 + 13, 13, 321 + 9, 10, 123, 18432 * 1024, 2, none, none},
      {"6.12", 432 + 13 + 55, 13, 321 + 9 + 44, 10, 123, 18432 * 1024, 2, none, none},
      {"7.x", 432 + 13 + 55 + 7, 13, 321 + 9 + 44 + 6, 10, 123, 18432 * 1024, 2, 4096 * 4096, 15360LL * 4096},
  };
  for (const Kernel& kernel : kernels) {
    SCOPED_TRACE(kernel.file);
    const MachineValues values = parsed(testdata(std::string("vmstat/") + kernel.file + "-format-made.txt"));
    EXPECT_TRUE(values.faults.empty());
    EXPECT_EQ(values.find(Metric::kVmstatFreePages), 300835LL * 4096);
    EXPECT_EQ(values.find(Metric::kVmstatSlabUnreclaimable), 76028LL * 4096);
    EXPECT_EQ(values.find(Metric::kVmstatPgpgin), 812344);
    EXPECT_EQ(values.find(Metric::kVmstatPgscan), kernel.pgscan);
    EXPECT_EQ(values.find(Metric::kVmstatPgscanDirect), kernel.pgscan_direct);
    EXPECT_EQ(values.find(Metric::kVmstatPgsteal), kernel.pgsteal);
    EXPECT_EQ(values.find(Metric::kVmstatAllocStall), kernel.allocstall);
    EXPECT_EQ(values.find(Metric::kVmstatWorkingsetRefault), kernel.refault);
    EXPECT_EQ(values.find(Metric::kVmstatKernelStack), kernel.kernel_stack);
    EXPECT_EQ(values.find(Metric::kVmstatOomKill), kernel.oom_kill);
    EXPECT_EQ(values.find(Metric::kVmstatHugetlb), kernel.hugetlb);
    EXPECT_EQ(values.find(Metric::kVmstatVmalloc), kernel.vmalloc);
  }
}

TEST(Vmstat, CountsInThePagesOfTheMachine) {
  const MachineValues values = parsed("nr_free_pages 3\npgfault 7\n", PageSize{65536});
  EXPECT_EQ(values.find(Metric::kVmstatFreePages), 3 * 65536);
  EXPECT_EQ(values.find(Metric::kVmstatPgfault), 7);
}

TEST(Vmstat, TakesNoCounterThatWentBelowZero) {
  const MachineValues values = parsed("nr_free_pages 18446744073709551612\nnr_shmem 2\npgfault 9223372036854775807\n");
  EXPECT_EQ(values.find(Metric::kVmstatFreePages), std::nullopt);
  EXPECT_EQ(values.find(Metric::kVmstatShmem), 8192);
  EXPECT_EQ(values.find(Metric::kVmstatPgfault), std::numeric_limits<std::int64_t>::max());
  ASSERT_EQ(values.faults.count(), 1U);
  EXPECT_EQ(values.faults.first()->line, 1U);
}

TEST(Vmstat, SpoilsASumWithOneBadPart) {
  const MachineValues values = parsed("pgscan_kswapd 5\npgscan_direct x\npgsteal_kswapd 1\npgsteal_direct 2\n");
  EXPECT_EQ(values.find(Metric::kVmstatPgscan), std::nullopt);
  EXPECT_EQ(values.find(Metric::kVmstatPgscanDirect), std::nullopt);
  EXPECT_EQ(values.find(Metric::kVmstatPgsteal), 3);
}

TEST(Vmstat, SpoilsASumThatDoesNotFit) {
  const MachineValues values = parsed("allocstall_dma 9223372036854775807\nallocstall_normal 1\nnr_shmem 1\n");
  EXPECT_EQ(values.find(Metric::kVmstatAllocStall), std::nullopt);
  EXPECT_EQ(values.find(Metric::kVmstatShmem), 4096);
}

TEST(Vmstat, TrustsNoNameThatStandsTwice) {
  const MachineValues values = parsed("pgscan_kswapd 5\npgscan_kswapd 5\npgfault 1\npgfault 1\n");
  EXPECT_EQ(values.find(Metric::kVmstatPgscan), std::nullopt);
  EXPECT_EQ(values.find(Metric::kVmstatPgfault), std::nullopt);
  EXPECT_EQ(values.faults.count(), 2U);
}

TEST(Vmstat, RefusesOtherTexts) {
  MachineValues values;
  EXPECT_FALSE(parse_vmstat("", kPage, values));
  EXPECT_FALSE(parse_vmstat(testdata("meminfo/6.18-x86_64-vm.txt"), kPage, values));
  for (const char* bad : {"nr_free_pages", "nr_free_pages ", "nr_free_pages 1 2", "nr_free_pages -1"}) {
    EXPECT_TRUE(parse_vmstat(std::string(bad) + "\n", kPage, values));
    EXPECT_EQ(values.size(), 0U) << bad;
    EXPECT_EQ(values.faults.count(), 1U) << bad;
  }
}

TEST(Vmstat, NeverTakesHalfANumberOrHalfASum) {
  for (const std::string& text : all_testdata("vmstat")) {
    expect_no_wrong_value_when_cut(
        text, [](std::string_view cut, MachineValues& into) { return parse_vmstat(cut, kPage, into); });
  }
}

}  // namespace
}  // namespace leakscope::sources::procfs
