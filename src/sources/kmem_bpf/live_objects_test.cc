#include "sources/kmem_bpf/live_objects.h"

#include <vector>

#include <gtest/gtest.h>

#include "wire/kmem_record.h"

namespace leakscope::sources::kmem_bpf {
namespace {

std::uint64_t value(std::uint64_t site, std::uint64_t tid, std::uint64_t time) {
  return (site + 1) | tid << WIRE_KMEM_THREAD_SHIFT | (time & WIRE_KMEM_TIMES) << WIRE_KMEM_TIME_SHIFT;
}

TEST(LiveObjects, ComeBySiteWithAgesAndTasks) {
  std::vector<std::uint64_t> values = {value(7, 100, 900), value(2, 100, 990), value(7, 200, 950), value(7, 200, 999),
                                       value(7, 4'194'303, 1000)};
  const auto all = survey(values, {.now = 1000, .seconds_per_unit = 0.1}, 2.0);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].site, 2U);
  EXPECT_EQ(all[0].count, 1U);
  EXPECT_EQ(all[0].young, 1U);
  EXPECT_EQ(all[1].site, 7U);
  EXPECT_EQ(all[1].count, 4U);
  EXPECT_EQ(all[1].young, 2U);
  ASSERT_TRUE(all[1].ages);
  EXPECT_DOUBLE_EQ(all[1].ages->min, 0);
  EXPECT_DOUBLE_EQ(all[1].ages->median, 5);
  EXPECT_DOUBLE_EQ(all[1].ages->max, 10);
  ASSERT_EQ(all[1].tasks.size(), 3U);
  EXPECT_EQ(all[1].tasks[0].tid, 200U);
  EXPECT_EQ(all[1].tasks[0].count, 2U);
  EXPECT_EQ(all[1].tasks[2].tid, 4'194'303U);
}

TEST(LiveObjects, TheClockMayHaveWrapped) {
  std::vector<std::uint64_t> values = {value(0, 1, WIRE_KMEM_TIMES - 9)};
  const auto all = survey(values, {.now = 10, .seconds_per_unit = 1}, 5);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_DOUBLE_EQ(all[0].ages->max, 20);
}

TEST(LiveObjects, WithoutAClockThereAreNoAges) {
  std::vector<std::uint64_t> values = {value(0, 1, 5)};
  const auto all = survey(values, {}, 5);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_FALSE(all[0].ages);
  EXPECT_EQ(all[0].young, 0U);
}

TEST(LiveObjects, ADozenTasksAtMost) {
  std::vector<std::uint64_t> values;
  for (std::uint64_t tid = 1; tid <= 100; ++tid) values.insert(values.end(), tid, value(0, tid, 0));
  const auto all = survey(values, {}, 5);
  ASSERT_EQ(all.size(), 1U);
  ASSERT_EQ(all[0].tasks.size(), 12U);
  EXPECT_EQ(all[0].tasks[0].tid, 100U);
  EXPECT_EQ(all[0].tasks[11].tid, 89U);
}

}  // namespace
}  // namespace leakscope::sources::kmem_bpf
