#include "model/name_table.h"

#include <string>

#include <gtest/gtest.h>

namespace leakscope::model {
namespace {

TEST(NameTable, KeepsEachNameOnce) {
  NameTable table;
  EXPECT_EQ(table.intern("kmalloc-64"), 0U);
  EXPECT_EQ(table.intern("dentry"), 1U);
  EXPECT_EQ(table.intern("kmalloc-64"), 0U);
  EXPECT_EQ(table.name(1), "dentry");
  EXPECT_EQ(table.size(), 2U);
}

TEST(NameTable, NothingHasNoName) {
  NameTable table;
  EXPECT_EQ(table.intern(""), kNoName);
  EXPECT_EQ(table.name(kNoName), "");
  EXPECT_EQ(table.name(3), "");
}

TEST(NameTable, ShortNamesStayWhereTheyAre) {
  NameTable table;
  for (int i = 0; i < 5000; ++i) (void)table.intern("n" + std::to_string(i));
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(table.intern("n" + std::to_string(i)), static_cast<NameId>(i));
  EXPECT_EQ(table.name(0), "n0");
}

TEST(NameTable, IsBounded) {
  NameTable table;
  for (std::size_t i = 0; i < NameTable::kMostNames; ++i) (void)table.intern(std::to_string(i));
  EXPECT_EQ(table.intern("one more"), kNoName);
  EXPECT_EQ(table.intern("17"), 17U);
}

}  // namespace
}  // namespace leakscope::model
