#include "sources/sysfs/zram_mm_stat.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "sources/test_tree.h"

namespace leakscope::sources::sysfs {
namespace {

std::string testdata(const std::string& name) { return test_text(std::filesystem::path(LEAKSCOPE_TESTDATA) / name); }

TEST(ZramMmStat, ReadsTheColumnsOfAnyKernel) {
  EXPECT_EQ(parse_zram_mm_stat(testdata("zram_mm_stat/6.18-x86_64-unused.txt"))->memory_used, Bytes(0));
  const auto old = parse_zram_mm_stat(testdata("zram_mm_stat/4.14-seven-columns-format-made.txt"));
  EXPECT_EQ(old->original, Bytes(4096));
  EXPECT_EQ(old->memory_used, Bytes(12288));
  const auto in_use = parse_zram_mm_stat(testdata("zram_mm_stat/6.1-in-use-format-made.txt"));
  EXPECT_EQ(in_use->original, Bytes(1073741824));
  EXPECT_EQ(in_use->memory_used, Bytes(290455552));
}

TEST(ZramMmStat, RefusesAnythingElse) {
  for (const char* bad :
       {"", "\n", "1 2\n", "1 2 3", "a 2 3\n", "1 2 -3\n", "-1 2 3\n", "1 2 18446744073709551615\n", "1 x 3\n"}) {
    EXPECT_FALSE(parse_zram_mm_stat(bad)) << bad;
  }
}

}  // namespace
}  // namespace leakscope::sources::sysfs
