#include "sources/procfs/meminfo.h"

#include "sources/procfs/test_texts.h"

namespace leakscope::sources::procfs {
namespace {

using model::Metric;

MachineValues parsed(std::string_view text) {
  MachineValues values;
  EXPECT_TRUE(parse_meminfo(text, values));
  return values;
}

TEST(Meminfo, ReadsARealMachine) {
  const MachineValues values = parsed(testdata("meminfo/6.18-x86_64-vm.txt"));
  EXPECT_TRUE(values.faults.empty());
  EXPECT_EQ(values.find(Metric::kMeminfoMemTotal), 24684092LL * 1024);
  EXPECT_EQ(values.find(Metric::kMeminfoSwapTotal), 0);  // printed as 0: that is not absent
  EXPECT_EQ(values.find(Metric::kMeminfoCmaTotal), std::nullopt);
  EXPECT_EQ(values.find(Metric::kMeminfoBalloon), 0);
  EXPECT_EQ(values.size(), 40U);
}

struct Kernel {
  const char* file;
  std::optional<std::int64_t> mem_available, kreclaimable, vmalloc_used, percpu, zswap, sec_page_tables, unaccepted,
      gpu_active, bounce;
};

TEST(Meminfo, HasOnAnyKernelWhatThatKernelPrints) {
  const auto kib = [](std::int64_t n) { return std::optional(n * 1024); };
  const std::optional<std::int64_t> none;
  const Kernel kernels[] = {
      {"3.10", none, none, kib(372480), none, none, none, none, none, 0},
      {"4.18", kib(9012344), kib(1500200), none, kib(9216), none, none, none, none, 0},
      {"5.10", kib(9012344), kib(1500200), kib(61440), kib(9216), none, none, none, none, 0},
      {"6.1", kib(9012344), kib(1500200), kib(61440), kib(9216), kib(20480), kib(128), none, none, 0},
      {"6.12", kib(9012344), kib(1500200), kib(61440), kib(9216), kib(20480), kib(128), kib(524288), none, 0},
      {"7.x", kib(9012344), kib(1500200), kib(61440), kib(9216), kib(20480), kib(128), kib(524288), kib(32768), none},
  };
  for (const Kernel& kernel : kernels) {
    SCOPED_TRACE(kernel.file);
    const MachineValues values = parsed(testdata(std::string("meminfo/") + kernel.file + "-format-made.txt"));
    EXPECT_TRUE(values.faults.empty());
    EXPECT_EQ(values.find(Metric::kMeminfoMemTotal), kib(16268028));
    EXPECT_EQ(values.find(Metric::kMeminfoSUnreclaim), kib(304112));
    EXPECT_EQ(values.find(Metric::kMeminfoMemAvailable), kernel.mem_available);
    EXPECT_EQ(values.find(Metric::kMeminfoKReclaimable), kernel.kreclaimable);
    EXPECT_EQ(values.find(Metric::kMeminfoVmallocUsed), kernel.vmalloc_used);
    EXPECT_EQ(values.find(Metric::kMeminfoPercpu), kernel.percpu);
    EXPECT_EQ(values.find(Metric::kMeminfoZswap), kernel.zswap);
    EXPECT_EQ(values.find(Metric::kMeminfoSecPageTables), kernel.sec_page_tables);
    EXPECT_EQ(values.find(Metric::kMeminfoUnaccepted), kernel.unaccepted);
    EXPECT_EQ(values.find(Metric::kMeminfoGPUActive), kernel.gpu_active);
    EXPECT_EQ(values.find(Metric::kMeminfoBounce), kernel.bounce);
  }
}

TEST(Meminfo, ReadsEachRealKernel) {
  struct Capture {
    const char* kernel;
    std::int64_t total_kib, vmalloc_kib;
    bool has_sec_page_tables;
  };
  for (const Capture& capture : {Capture{"5.10", 969004, 3904, false},
                                 {"6.1", 963044, 6588, true},
                                 {"6.12", 969860, 6308, true},
                                 {"7.3", 962012, 8132, true}}) {
    SCOPED_TRACE(capture.kernel);
    const MachineValues values = parsed(testdata(std::string("meminfo/") + capture.kernel + "-x86_64-guest.txt"));
    EXPECT_TRUE(values.faults.empty());
    EXPECT_EQ(values.find(Metric::kMeminfoMemTotal), capture.total_kib * 1024);
    EXPECT_EQ(values.find(Metric::kMeminfoVmallocUsed), capture.vmalloc_kib * 1024);
    EXPECT_EQ(values.find(Metric::kMeminfoSecPageTables).has_value(), capture.has_sec_page_tables);
  }
}

TEST(Meminfo, TakesFieldsInAnyOrder) {
  const MachineValues values = parsed("Slab: 3 kB\nSomething: new\nMemTotal:        10 kB\n");
  EXPECT_TRUE(values.faults.empty());
  EXPECT_EQ(values.find(Metric::kMeminfoSlab), 3072);
  EXPECT_EQ(values.find(Metric::kMeminfoMemTotal), 10240);
}

TEST(Meminfo, LeavesOutWhatItCannotReadAndSaysWhich) {
  for (const char* bad : {"MemFree:        x kB", "MemFree: 12 MB", "MemFree: 12", "MemFree:", "MemFree: -1 kB",
                          "MemFree: 18446744073709551612 kB", "MemFree: 9007199254740992 kB", "MemFree: 1 kB 2",
                          "MemFree: 0x10 kB", "MemFree: 99999999999999999999999 kB"}) {
    SCOPED_TRACE(bad);
    const MachineValues values = parsed("MemTotal: 10 kB\n" + std::string(bad) + "\nSlab: 3 kB\n");
    EXPECT_EQ(values.find(Metric::kMeminfoMemFree), std::nullopt);
    EXPECT_EQ(values.find(Metric::kMeminfoSlab), 3072);
    ASSERT_EQ(values.faults.count(), 1U);
    EXPECT_EQ(values.faults.first()->line, 2U);
    EXPECT_EQ(values.faults.first()->where, "/proc/meminfo");
    EXPECT_NE(values.faults.first()->what.find(bad), std::string::npos);
  }
}

TEST(Meminfo, TrustsNoFieldThatStandsTwice) {
  const MachineValues values = parsed("MemTotal: 10 kB\nMemTotal: 11 kB\nMemTotal: 12 kB\nSlab: 1 kB\n");
  EXPECT_EQ(values.find(Metric::kMeminfoMemTotal), std::nullopt);
  EXPECT_EQ(values.faults.count(), 2U);
}

TEST(Meminfo, FindsNothingInOtherTexts) {
  MachineValues values;
  EXPECT_EQ(parse_meminfo("", values).error().kind, Error::Kind::kTruncated);
  EXPECT_EQ(parse_meminfo("\n\n", values).error().kind, Error::Kind::kMalformed);
  EXPECT_FALSE(parse_meminfo(std::string_view("\0\xff\x80:::\n\0", 8), values));
  EXPECT_FALSE(parse_meminfo(testdata("vmstat/6.18-x86_64-vm.txt"), values));
  EXPECT_EQ(values.size(), 0U);
}

TEST(Meminfo, NeverTakesHalfANumber) {
  for (const std::string& text : all_testdata("meminfo")) expect_no_wrong_value_when_cut(text, parse_meminfo);
}

}  // namespace
}  // namespace leakscope::sources::procfs
