#include "sources/log_block.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sources/log_block_text.h"

namespace leakscope::sources {
namespace {

TEST(LogBlock, TakesSignsBetweenDigitsForNothing) {
  EXPECT_EQ(ungrouped("MemTotal: 24.683.620 kB"), "MemTotal: 24683620 kB");
  EXPECT_EQ(ungrouped("MemTotal:\t24,683,620 kB"), "MemTotal:\t24683620 kB");
  EXPECT_EQ(ungrouped("MemTotal: 24 683 620 kB"), "MemTotal: 24683620 kB");
  EXPECT_EQ(ungrouped("MemTotal: 24\xc2\xa0"
                      "683\xc2\xa0"
                      "620 kB"),
            "MemTotal: 24683620 kB");
  EXPECT_EQ(ungrouped("MemTotal: 24\xe2\x80\xaf"
                      "683\xe2\x80\xaf"
                      "620 kB"),
            "MemTotal: 24683620 kB");
  EXPECT_EQ(ungrouped("Mapped: 265.772 kB"), "Mapped: 265772 kB");
}

TEST(LogBlock, LeavesOtherNumbersAsTheyAre) {
  for (const std::string_view line :
       {"MemTotal:       24683620 kB", "Dirty:               12 kB", "MemTotal: 24.68 kB", "MemTotal: 24.683,620 kB",
        "MemTotal: 24.6836 kB", "MemTotal: 2468.362 kB", "MemTotal: 0.500 kB", "MemTotal: 24.683. kB", "MemTotal: . kB",
        "MemTotal: 24.683.620kB", "MemTotal:", "MemTotal: -1.000 kB", "nr_free_pages 24.683", ""}) {
    EXPECT_EQ(ungrouped(line), "") << line;
  }
}

TEST(LogBlock, OfTwoWritersIsThatOfTheFirst) {
  const PartedBlock pairs = parted_block("T: 1\n", "T: 2\nF: 10\nF: 20\nA: 11\nA: 21\n");
  EXPECT_EQ(pairs.text, "T: 1\nF: 10\nA: 11\n");
  EXPECT_EQ(pairs.others, 3U);
  EXPECT_EQ(pairs.first_other, 1U);
  const PartedBlock behind = parted_block("T: 1\nF: 10\n", "T: 2\nA: 11\nF: 20\nB: 12\nA: 21\nB: 22\n");
  EXPECT_EQ(behind.text, "T: 1\nF: 10\nA: 11\nB: 12\n");
  EXPECT_EQ(behind.others, 4U);
}

TEST(LogBlock, OfOneWriterIsLeftAlone) {
  EXPECT_EQ(parted_block("T: 1\n", "T: 2\nF: 20\nA: 21\n").others, 0U);
  EXPECT_EQ(parted_block("", "").others, 0U);
}

}  // namespace
}  // namespace leakscope::sources
