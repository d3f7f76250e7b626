#include "model/stack_table.h"

#include <vector>

#include <gtest/gtest.h>

namespace leakscope::model {
namespace {

using Stack = std::vector<std::uint64_t>;

Stack stored(const StackTable& table, StackId id) {
  const auto frames = table.frames(id);
  return {frames.begin(), frames.end()};
}

TEST(StackTable, KeepsEachStackOnce) {
  StackTable table;
  const StackId first = table.intern(Stack{1, 2, 3});
  const StackId second = table.intern(Stack{1, 2});
  EXPECT_EQ(first, 0U);
  EXPECT_EQ(second, 1U);
  EXPECT_EQ(table.intern(Stack{1, 2, 3}), first);
  EXPECT_EQ(stored(table, first), (Stack{1, 2, 3}));
  EXPECT_EQ(stored(table, second), (Stack{1, 2}));
  EXPECT_EQ(table.size(), 2U);
  EXPECT_TRUE(table.frames(kNoStack).empty());
  EXPECT_TRUE(table.frames(7).empty());
}

TEST(StackTable, AnEmptyStackIsNone) {
  StackTable table;
  EXPECT_EQ(table.intern({}), kNoStack);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(table.refused(), 0U);
}

TEST(StackTable, CutsWhatIsTooDeep) {
  StackTable table;
  Stack deep(200);
  for (std::size_t i = 0; i < deep.size(); ++i) deep[i] = i;
  const StackId id = table.intern(deep);
  EXPECT_EQ(table.frames(id).size(), StackTable::kMostFrames);
  deep.resize(StackTable::kMostFrames);
  EXPECT_EQ(table.intern(deep), id);
}

TEST(StackTable, ManyStacksKeepTheirIds) {
  StackTable table;
  for (std::uint64_t i = 0; i < 20'000; ++i) ASSERT_EQ(table.intern(Stack{i << 12U, i, 0xffff'ffff'8100'0000}), i);
  for (std::uint64_t i = 0; i < 20'000; ++i) ASSERT_EQ(table.intern(Stack{i << 12U, i, 0xffff'ffff'8100'0000}), i);
}

TEST(StackTable, RefusesWhatExceedsItsLimitAndCountsIt) {
  StackTable table;
  for (std::uint64_t i = 0; i < StackTable::kMostStacks; ++i) (void)table.intern(Stack{i});
  EXPECT_EQ(table.size(), StackTable::kMostStacks);
  EXPECT_EQ(table.intern(Stack{1, 2}), kNoStack);
  EXPECT_EQ(table.refused(), 1U);
  EXPECT_EQ(table.intern(Stack{5}), 5U);
}

}  // namespace
}  // namespace leakscope::model
