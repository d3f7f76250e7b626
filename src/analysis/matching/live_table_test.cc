#include "analysis/matching/live_table.h"

#include <random>
#include <set>

#include <gtest/gtest.h>

namespace leakscope::analysis::matching {
namespace {

bool contains(LiveTable& table, std::uint64_t address) { return table.find(address, mixed(address)) != nullptr; }

TEST(LiveTable, AnEmptyOneFindsNothing) {
  LiveTable table;
  EXPECT_FALSE(contains(table, 5));
  EXPECT_TRUE(table.gather().empty());
}

TEST(LiveTable, KeepsWhatIsInItWhateverComesAndGoes) {
  std::mt19937_64 random(7);
  for (const std::uint64_t range : {50U, 2000U, 30'000U}) {
    LiveTable table;
    std::set<std::uint64_t> expected;
    for (int i = 0; i < 100'000; ++i) {
      const std::uint64_t address = 1 + random() % range;
      LiveObject* object = table.find(address, mixed(address));
      ASSERT_EQ(object != nullptr, expected.contains(address));
      if (object != nullptr) {
        ASSERT_EQ(object->bytes, address);
        table.erase(object);
        expected.erase(address);
      } else {
        const auto [added, is_new] = table.find_or_insert(address, mixed(address));
        ASSERT_TRUE(is_new);
        added->bytes = address & LiveObject::kMostBytes;
        expected.insert(address);
      }
    }
    ASSERT_EQ(table.size(), expected.size());
    for (const LiveObject& object : table.gather()) ASSERT_EQ(expected.erase(object.address), 1U);
    EXPECT_TRUE(expected.empty());
  }
}

TEST(LiveTable, ErasesWhatAPredicateNamesAndAsksOfEachOnce) {
  for (const std::uint64_t count : {1U, 100U, 767U, 768U, 5000U}) {
    LiveTable table;
    for (std::uint64_t i = 1; i <= count; ++i) (void)table.find_or_insert(i, mixed(i));
    std::set<std::uint64_t> asked;
    table.erase_if([&](const LiveObject& object) {
      EXPECT_TRUE(asked.insert(object.address).second);
      return object.address % 3 != 0;
    });
    EXPECT_EQ(asked.size(), count);
    EXPECT_EQ(table.size(), count / 3);
    for (std::uint64_t i = 1; i <= count; ++i) ASSERT_EQ(contains(table, i), i % 3 == 0) << i;
  }
}

}  // namespace
}  // namespace leakscope::analysis::matching
