#include "sources/slab/slabinfo.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace leakscope::sources::slab {
namespace {

std::string capture(const std::string& name) {
  std::ifstream in(std::string(LEAKSCOPE_TESTDATA) + "/slabinfo/" + name, std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

const CacheRow* row_of(const Slabinfo& info, std::string_view name) {
  const auto found = std::ranges::find(info.rows, name, &CacheRow::name);
  return found == info.rows.end() ? nullptr : &*found;
}

constexpr std::string_view kHead =
    "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : ...\n";

TEST(Slabinfo, ReadsEveryCacheOfARealMachine) {
  const std::string text = capture("6.18-x86_64-idle.txt");
  const auto info = parse_slabinfo(text);
  ASSERT_TRUE(info) << to_string(info.error());
  EXPECT_EQ(info->version, "2.1");
  EXPECT_EQ(info->rows.size(), 235U);
  EXPECT_TRUE(info->problems.empty());
  EXPECT_FALSE(info->cut);
  const CacheRow* dentry = row_of(*info, "radix_tree_node");
  ASSERT_NE(dentry, nullptr);
  EXPECT_EQ(dentry->object_size, Bytes(584));
  EXPECT_EQ(dentry->objects_per_slab, 14);
  EXPECT_EQ(dentry->pages_per_slab, 2);
  EXPECT_EQ(dentry->bytes(PageSize{4096}), Bytes(dentry->slabs * 8192));
}

TEST(Slabinfo, ReadsEachRealKernel) {
  struct Capture {
    const char* kernel;
    std::size_t rows;
    std::int64_t task_size, tasks_per_slab;
  };
  for (const Capture& made :
       {Capture{"5.10", 127, 8064, 4}, {"6.1", 152, 8448, 3}, {"6.12", 186, 8448, 3}, {"7.3", 198, 9024, 3}}) {
    SCOPED_TRACE(made.kernel);
    const std::string text = capture(std::string(made.kernel) + "-x86_64-guest.txt");
    const auto info = parse_slabinfo(text);
    ASSERT_TRUE(info) << to_string(info.error());
    EXPECT_EQ(info->rows.size(), made.rows);
    EXPECT_TRUE(info->problems.empty());
    const CacheRow* task = row_of(*info, "task_struct");
    ASSERT_NE(task, nullptr);
    EXPECT_EQ(task->object_size, Bytes(made.task_size));
    EXPECT_EQ(task->objects_per_slab, made.tasks_per_slab);
  }
}

TEST(Slabinfo, ReadsTheOlderFormats) {
  const std::string made_2_0 = capture("2.0-format-made.txt");
  const auto two = parse_slabinfo(made_2_0);
  ASSERT_TRUE(two);
  ASSERT_EQ(two->rows.size(), 2U);
  EXPECT_EQ(two->rows[0], (CacheRow{"ip_fib_hash", 13, 226, Bytes(16), 226, 1, 1}));

  const std::string made_1_1 = capture("1.1-format-made.txt");
  const auto one = parse_slabinfo(made_1_1);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->version, "1.1");
  ASSERT_EQ(one->rows.size(), 3U);
  EXPECT_EQ(one->rows[2], (CacheRow{"size-131072", 2, 3, Bytes(131072), 0, 32, 3}));
  EXPECT_EQ(one->rows[2].bytes(PageSize{4096}), Bytes(3 * 131072));
}

TEST(Slabinfo, KeepsStrangeNamesAndRacingFiguresAndLeavesBrokenLinesOut) {
  const std::string text = capture("2.1-statistics-names-made.txt");
  const auto info = parse_slabinfo(text);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->version, "2.1");
  ASSERT_EQ(info->rows.size(), 3U);
  EXPECT_EQ(info->rows[0], (CacheRow{"my cache : tunables 7", 120, 100, Bytes(64), 64, 1, 2}));
  EXPECT_EQ(info->rows[1].name, "kmalloc-64(12:web)");
  EXPECT_EQ(info->rows[2].active_objects, 1000);
  EXPECT_EQ(info->rows[2].total_objects, 900);
  EXPECT_EQ(info->lines_left_out, 2U);
  ASSERT_EQ(info->problems.size(), 2U);
  EXPECT_EQ(info->problems[0].line, 5U);
  EXPECT_TRUE(info->cut);
}

TEST(Slabinfo, LeavesOutLinesThatAreNoRows) {
  for (const std::string_view line : {
           "a 1 2 3 4 : tunables 0 0 0 : slabdata 1 1 0",                      // a column is missing
           "1 2 3 4 5 : tunables 0 0 0 : slabdata 1 1 0",                      // no name
           "a 1 2 3 4 x : tunables 0 0 0 : slabdata 1 1 0",                    // no number
           "a 1 2 3 4 5 : tunables 0 0 0 : slabdata 1",                        // number of slabs is missing
           "a 1 2 3 4 5 : tunables 0 0 0 : slabdata 1 -1 0",                   // negative
           "a 99999999999999999999 2 3 4 5 : tunables 0 0 0 : slabdata 1 1 0"  // does not fit
       }) {
    const std::string text = std::string(kHead) + std::string(line) + "\n";
    const auto info = parse_slabinfo(text);
    ASSERT_TRUE(info) << line;
    EXPECT_TRUE(info->rows.empty()) << line;
    EXPECT_EQ(info->lines_left_out, 1U) << line;
    EXPECT_EQ(info->problems[0].line, 3U);
  }
}

TEST(Slabinfo, RefusesWhatIsNoSlabinfo) {
  for (const std::string_view text : {"", "\n", "MemTotal: 1 kB\n", "slabinfo - ver", "slabinfo - version: 2.1"}) {
    EXPECT_FALSE(parse_slabinfo(text)) << text;
  }
}

TEST(Slabinfo, NeverInventsARowHoweverTheTextIsCut) {
  const std::string text = capture("6.18-x86_64-idle.txt").substr(0, 2000);
  const auto whole = parse_slabinfo(text);
  ASSERT_TRUE(whole);
  for (std::size_t length = 0; length < text.size(); ++length) {
    const auto part = parse_slabinfo(std::string_view(text).substr(0, length));
    if (!part) continue;
    ASSERT_LE(part->rows.size(), whole->rows.size());
    EXPECT_TRUE(std::equal(part->rows.begin(), part->rows.end(), whole->rows.begin())) << length;
    EXPECT_EQ(part->cut, length > 0 && text[length - 1] != '\n') << length;
  }
}

TEST(Slabinfo, ASizeThatDoesNotFitIsUnknown) {
  const CacheRow row{"x", 1, 1, Bytes(8), 1, INT64_MAX, 2};
  EXPECT_EQ(row.bytes(PageSize{4096}), std::nullopt);
}

}  // namespace
}  // namespace leakscope::sources::slab
