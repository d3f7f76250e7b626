#include "sources/procfs/buddyinfo.h"

#include "sources/procfs/test_texts.h"

namespace leakscope::sources::procfs {
namespace {

Buddyinfo parsed(std::string_view text) {
  Buddyinfo buddyinfo;
  EXPECT_TRUE(parse_buddyinfo(text, buddyinfo));
  return buddyinfo;
}

TEST(Buddyinfo, ReadsARealMachine) {
  const Buddyinfo buddyinfo = parsed(testdata("buddyinfo/6.18-x86_64-vm.txt"));
  EXPECT_TRUE(buddyinfo.faults.empty());
  EXPECT_EQ(buddyinfo.free_blocks.size(), 11U);
  EXPECT_EQ(buddyinfo.above(10, PageSize{4096}), std::nullopt);
}

TEST(Buddyinfo, SumsOverZonesAndNodes) {
  const Buddyinfo buddyinfo = parsed(testdata("buddyinfo/two-nodes-format-made.txt"));
  EXPECT_EQ(buddyinfo.free_blocks, (std::vector<std::int64_t>{41023, 806, 601, 400, 202, 101, 51, 25, 13, 7, 253}));
  EXPECT_EQ(buddyinfo.above(8, PageSize{4096}), Bytes((7 * 512LL + 253 * 1024LL) * 4096));
}

TEST(Buddyinfo, ReadsOrdersAboveTen) {
  const Buddyinfo buddyinfo = parsed(testdata("buddyinfo/arm64-64k-fourteen-orders-format-made.txt"));
  ASSERT_EQ(buddyinfo.free_blocks.size(), 14U);
  EXPECT_EQ(buddyinfo.above(10, PageSize{65536}), Bytes((2048LL + 2 * 8192LL) * 65536));
}

TEST(Buddyinfo, GivesNoSumOverAPartOfTheZones) {
  for (const char* bad :
       {"Node 0, zone Normal", "Node 0, zone Normal 1 x", "Node 0, zone Normal 1 -2", "Zone 0, 1 2",
        "Node 0, zone Normal 1 2 3", "Node 0, zone Normal 1", "Node 0, zone Normal 1 18446744073709551615"}) {
    SCOPED_TRACE(bad);
    const Buddyinfo buddyinfo = parsed("Node 0, zone DMA 5 6\n" + std::string(bad) + "\n");
    EXPECT_TRUE(buddyinfo.free_blocks.empty());
    ASSERT_EQ(buddyinfo.faults.count(), 1U);
    EXPECT_EQ(buddyinfo.faults.first()->line, 2U);
  }
}

TEST(Buddyinfo, RefusesOrdersAndAmountsBeyondAnyMachine) {
  std::string orders = "Node 0, zone DMA";
  for (int i = 0; i < 100; ++i) orders += " 1";
  EXPECT_TRUE(parsed(orders + "\n").free_blocks.empty());
  std::string huge = "Node 0, zone DMA";
  for (int i = 0; i < 12; ++i) huge += " 9223372036854775807";
  EXPECT_EQ(parsed(huge + "\n").above(10, PageSize{4096}), std::nullopt);
}

TEST(Buddyinfo, NeverTakesHalfANumber) {
  for (const std::string& text : all_testdata("buddyinfo")) {
    for (std::size_t size = 0; size < text.size(); ++size) {
      Buddyinfo cut;
      const auto result = parse_buddyinfo(std::string_view(text).substr(0, size), cut);
      if (size > 0 && text[size - 1] == '\n') continue;
      EXPECT_TRUE(!result || cut.free_blocks.empty()) << size;
    }
  }
}

}  // namespace
}  // namespace leakscope::sources::procfs
