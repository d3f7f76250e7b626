#include "sources/ring_buffer_page.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sources/made_page.h"

namespace leakscope::sources {
namespace {

constexpr std::uint64_t kLost = 1U << 31U;
constexpr std::uint64_t kCounted = 1U << 30U;

std::vector<std::byte> real_page(std::string_view name) {
  std::ifstream in(fmt::format("{}/ring_buffer_page/{}", LEAKSCOPE_TESTDATA, name), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

std::vector<std::uint64_t> times(RingPage& page) {
  std::vector<std::uint64_t> seen;
  while (const auto record = page.next()) seen.push_back(record->time);
  return seen;
}

TEST(RingPage, WalksOverPagesOfAKernel) {
  for (const std::string_view name : {"5.10-stacks.bin", "6.1-lost-counted.bin", "6.1-lost-not-counted.bin"}) {
    const auto bytes = real_page(name);
    auto page = RingPage::open(bytes, {});
    ASSERT_TRUE(page) << name;
    const std::uint64_t first = page->first_time();
    const auto seen = times(*page);
    EXPECT_FALSE(page->is_broken()) << name;
    EXPECT_GT(seen.size(), 20U) << name;
    EXPECT_GE(seen.front(), first);
    EXPECT_TRUE(std::ranges::is_sorted(seen)) << name;
    EXPECT_LT(seen.back() - seen.front(), 60'000'000'000U) << name;
  }
}

TEST(RingPage, TellsWhatWasLost) {
  const auto lost = [](const std::vector<std::byte>& bytes) { return RingPage::open(bytes, {})->lost_before(); };
  EXPECT_EQ(lost(real_page("5.10-stacks.bin")), 0U);
  EXPECT_EQ(lost(real_page("6.1-lost-counted.bin")), 50U);
  EXPECT_EQ(lost(real_page("6.1-lost-not-counted.bin")), std::nullopt);
  EXPECT_EQ(lost(MadePage(1).event(1, {1}).bytes(kLost | kCounted)), 77U);
  // The count has no place behind a full page, whatever the flag says.
  MadePage full(1);
  for (std::size_t i = 0; i < 4080 / 8; ++i) full.event(1, {1});
  EXPECT_EQ(lost(full.bytes(kLost)), std::nullopt);
}

TEST(RingPage, AddsUpTimes) {
  auto bytes = MadePage(1000)
                   .event(0, {1})
                   .event(10, {2, 3})
                   .header(30, 5)
                   .word(1)  // 2^27 + 5 on
                   .event(0, {4})
                   .header(31, 7)
                   .word(100)  // absolute: 100 * 2^27 + 7
                   .event(0, {5})
                   .event(3, {6})
                   .bytes();
  auto page = RingPage::open(bytes, {});
  ASSERT_TRUE(page);
  const std::uint64_t stamp = (std::uint64_t{100} << 27U) + 7;
  EXPECT_EQ(times(*page),
            (std::vector<std::uint64_t>{1000, 1010, 1010 + (std::uint64_t{1} << 27U) + 5, stamp, stamp + 3}));
  EXPECT_FALSE(page->is_broken());
}

TEST(RingPage, KeepsTheTopOfAnAbsoluteTime) {
  const std::uint64_t base = std::uint64_t{0x18} << 56U;
  auto bytes = MadePage(base).header(31, 7).word(100).event(0, {5}).bytes();
  auto page = RingPage::open(bytes, {});
  EXPECT_EQ(times(*page), (std::vector<std::uint64_t>{base + (std::uint64_t{100} << 27U) + 7}));
}

TEST(RingPage, SkipsDiscardedEventsAndEndsAtPadding) {
  // Discarded: padding with its delta, the length of the rest in the next word.
  auto bytes = MadePage(0).event(1, {1}).header(29, 5).word(8).word(0).event(2, {2}).header(29, 0).word(0).bytes();
  auto page = RingPage::open(bytes, {});
  EXPECT_EQ(times(*page), (std::vector<std::uint64_t>{1, 8}));
  EXPECT_FALSE(page->is_broken());
}

TEST(RingPage, ReadsLongEvents) {
  std::vector<std::uint32_t> words(40);
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = static_cast<std::uint32_t>(i);
  auto bytes = MadePage(0).event(1, words).event(1, {9}).bytes();
  auto page = RingPage::open(bytes, {});
  const auto first = page->next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->payload.size(), 160U);
  EXPECT_EQ(first->payload[4], std::byte{1});
  EXPECT_EQ(page->next()->payload.size(), 4U);
}

TEST(RingPage, ReadsTheOtherByteOrderAnd32Bits) {
  RingPageLayout layout{.timestamp_offset = 0,
                        .commit_offset = 8,
                        .commit_size = 4,
                        .data_offset = 12,
                        .page_size = 4096,
                        .order = ByteOrder::kBig};
  auto bytes = MadePage(500, layout).event(3, {0x01020304}).bytes(kLost | kCounted);
  auto page = RingPage::open(bytes, layout);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->lost_before(), 77U);
  const auto record = page->next();
  ASSERT_TRUE(record);
  EXPECT_EQ(record->time, 503U);
  EXPECT_EQ(record->payload[0], std::byte{1});
}

TEST(RingPage, BreaksOffWhereLengthsMakeNoSense) {
  const auto broken = [](MadePage made) {
    const auto bytes = made.bytes();
    auto page = RingPage::open(bytes, {});
    EXPECT_EQ(times(*page).size(), 1U);
    EXPECT_FALSE(page->next());
    return page->is_broken();
  };
  EXPECT_TRUE(broken(MadePage(0).event(1, {1}).header(28, 1).word(0)));
  EXPECT_TRUE(broken(MadePage(0).event(1, {1}).header(0, 1).word(0xFFFFFFFF)));
  EXPECT_TRUE(broken(MadePage(0).event(1, {1}).header(0, 1).word(0)));
  EXPECT_TRUE(broken(MadePage(0).event(1, {1}).header(29, 1).word(0x7FFFFFFF)));
  EXPECT_TRUE(broken(MadePage(0).event(1, {1}).header(30, 1)));
  EXPECT_FALSE(RingPage::open(std::vector<std::byte>(10), {}));
  EXPECT_FALSE(RingPage::open(MadePage(0).bytes(5000), {}));
}

TEST(HeaderPage, TellsTheLayout) {
  const auto wide = parse_header_page(
      "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n\tfield: local_t "
      "commit;\toffset:8;\tsize:8;\tsigned:1;\n"
      "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n\tfield: char "
      "data;\toffset:16;\tsize:4080;\tsigned:1;\n",
      4096, ByteOrder::kLittle);
  ASSERT_TRUE(wide);
  EXPECT_EQ(wide->commit_size, 8U);
  EXPECT_EQ(wide->data_offset, 16U);
  const auto narrow = parse_header_page(
      "\tfield: u64 timestamp;\toffset:0;\tsize:8;\n\tfield: local_t commit;\toffset:8;\tsize:4;\n"
      "\tfield: char data;\toffset:12;\tsize:4084;\n",
      4096, ByteOrder::kBig);
  ASSERT_TRUE(narrow);
  EXPECT_EQ(narrow->commit_size, 4U);
  EXPECT_FALSE(parse_header_page("", 4096, ByteOrder::kLittle));
  EXPECT_FALSE(
      parse_header_page("field: u64 timestamp;\toffset:0;\tsize:8;\nfield: local_t commit;\toffset:99999;"
                        "\tsize:8;\nfield: char data;\toffset:16;\tsize:4080;\n",
                        4096, ByteOrder::kLittle));
}

}  // namespace
}  // namespace leakscope::sources
