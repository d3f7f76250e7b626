#include "base/key_table.h"

#include <string>

#include <gtest/gtest.h>

namespace leakscope {
namespace {

constexpr KeyTable kTable(std::to_array<KeyRow<int>>({{"MemTotal", 1}, {"MemFree", 2}, {"x", 3}, {"Active(anon)", 4}}));

TEST(KeyTable, FindsEveryRowAndNothingElse) {
  for (std::size_t i = 0; i < kTable.size(); ++i) EXPECT_EQ(kTable.find(kTable.row(i).key), i);
  for (const char* absent : {"", "MemTota", "MemTotal ", "memtotal", "y", "Active(file)"}) {
    EXPECT_FALSE(kTable.find(absent)) << absent;
  }
}

TEST(KeyTable, TellsApartKeysThatHashAlike) {
  // Equal length and equal characters at the places that are hashed.
  constexpr KeyTable kAlike(std::to_array<KeyRow<int>>({{"a1cdefgh", 1}, {"a2cdefgh", 2}, {"a3cdefgh", 3}}));
  EXPECT_EQ(kAlike.row(*kAlike.find("a2cdefgh")).value, 2);
  EXPECT_EQ(kAlike.row(*kAlike.find("a3cdefgh")).value, 3);
  EXPECT_FALSE(kAlike.find("a4cdefgh"));
}

TEST(KeyTable, TakesAnyBytes) {
  std::string key(3, '\0');
  for (int c = 0; c < 256; ++c) {
    key[1] = static_cast<char>(c);
    EXPECT_FALSE(kTable.find(key));
  }
}

}  // namespace
}  // namespace leakscope
