#include "sources/procfs/diskstats.h"

#include "sources/procfs/test_texts.h"

namespace leakscope::sources::procfs {
namespace {

using model::Metric;

TEST(Diskstats, CountsEachByteOnce) {
  MachineValues values;
  ASSERT_TRUE(parse_diskstats(testdata("diskstats/3.10-format-made.txt"), values));
  EXPECT_EQ(values.find(Metric::kDiskBytes), (2000 + 4000) * 512);
  ASSERT_TRUE(parse_diskstats(testdata("diskstats/5.10-nvme-format-made.txt"), values));
  EXPECT_EQ(values.find(Metric::kDiskBytes), (20000 + 40000 + 80 + 160 + 8 + 8) * 512);
  ASSERT_TRUE(parse_diskstats(testdata("diskstats/6.18-x86_64-vm.txt"), values));
  EXPECT_GT(values.find(Metric::kDiskBytes), 0);
  EXPECT_TRUE(values.faults.empty());
  ASSERT_TRUE(parse_diskstats("", values));
  EXPECT_EQ(values.find(Metric::kDiskBytes), 0);
}

TEST(Diskstats, KnowsWhatIsNoDiskOfItsOwn) {
  for (const char* name :
       {"loop0", "ram15", "zram0", "dm-12", "md0", "md127p1", "md_d0", "bcache0", "drbd1", "nvme0c1n1"}) {
    EXPECT_TRUE(is_virtual_disk(name)) << name;
  }
  for (const char* name :
       {"sda", "nvme0n1", "vda", "xvda1", "mmcblk0", "sr0", "rbd0", "nbd3", "pmem0", "mdx", "loop", ""}) {
    EXPECT_FALSE(is_virtual_disk(name)) << name;
  }
}

TEST(Diskstats, KnowsPartitionsByTheirDisk) {
  EXPECT_TRUE(is_partition_of("sda1", "sda"));
  EXPECT_TRUE(is_partition_of("sda12", "sda"));
  EXPECT_TRUE(is_partition_of("nvme0n1p2", "nvme0n1"));
  EXPECT_FALSE(is_partition_of("sda", "sda"));
  EXPECT_FALSE(is_partition_of("sdaa", "sda"));
  EXPECT_FALSE(is_partition_of("nvme0n11", "nvme0n1"));
  EXPECT_FALSE(is_partition_of("nvme0n1p", "nvme0n1"));
  EXPECT_FALSE(is_partition_of("mmcblk0boot0", "mmcblk0"));
  EXPECT_FALSE(is_partition_of("xvda1", ""));
}

TEST(Diskstats, GivesNoSumOverAPartOfTheDisks) {
  for (const char* bad :
       {"8 16 sdb 1 2 3\n", "8 16\n", "\n", "8 16 sdb 1 2 -3 4 5 6 7 8 9 10 11\n", "8 16 sdb 1 2 x 4 5 6 7 8 9 10 11\n",
        "8 16 sdb 1 2 9223372036854775807 4 5 6 7 8 9 10 11\n", "8 16 sdb 1 2 3 4 5 6 7 8 9 10 11"}) {
    SCOPED_TRACE(bad);
    MachineValues values;
    ASSERT_TRUE(parse_diskstats("8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n" + std::string(bad), values));
    EXPECT_EQ(values.find(Metric::kDiskBytes), std::nullopt);
    ASSERT_EQ(values.faults.count(), 1U);
    EXPECT_EQ(values.faults.first()->line, 2U);
  }
}

TEST(Diskstats, NeverTakesHalfANumber) {
  for (const std::string& text : all_testdata("diskstats")) {
    for (std::size_t size = 1; size < text.size(); ++size) {
      if (text[size - 1] == '\n') continue;
      MachineValues cut;
      ASSERT_TRUE(parse_diskstats(std::string_view(text).substr(0, size), cut));
      EXPECT_EQ(cut.size(), 0U) << size;
    }
  }
}

}  // namespace
}  // namespace leakscope::sources::procfs
