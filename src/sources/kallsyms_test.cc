#include "sources/kallsyms.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace leakscope::sources {
namespace {

std::string capture(const std::string& name) {
  std::ifstream in(std::string(LEAKSCOPE_TESTDATA) + "/kallsyms/" + name, std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST(Kallsyms, FindsFunctionsOfTheKernelAndOfModules) {
  const std::string text = capture("6.1-x86_64-guest.txt");
  const auto symbols = parse_kallsyms(text, "/proc/kallsyms");
  ASSERT_TRUE(symbols) << to_string(symbols.error());
  EXPECT_EQ(symbols->size(), 72U);
  EXPECT_EQ(symbols->find(0xffffffff9b22d190)->name, "hyperv_cleanup");
  const auto in_module = symbols->find(0xffffffffc057c550);
  ASSERT_TRUE(in_module);
  EXPECT_EQ(in_module->name, "perf_trace_9p_client_res");
  EXPECT_EQ(in_module->module, "9pnet");
}

TEST(Kallsyms, KeepsFunctionsOnly) {
  const auto symbols = parse_kallsyms(
      "0000000000000000 A fixed_percpu_data\n"
      "ffffffff81000000 T _stext\n"
      "ffffffff81000100 t foo.isra.0\n"
      "ffffffff81000200 D data_here\n"
      "ffffffff81000300 W weak_one\n"
      "ffffffffc0123000 t ext4_sync_file\t[ext4]\n"
      "ffffffffc0124000 w copy_with_blank [nf_tables]\n",
      "kallsyms");
  ASSERT_TRUE(symbols) << to_string(symbols.error());
  EXPECT_EQ(symbols->size(), 5U);
  const auto in_foo = symbols->find(0xffffffff81000210);
  ASSERT_TRUE(in_foo);
  EXPECT_EQ(in_foo->name, "foo.isra.0");
  EXPECT_EQ(in_foo->offset, 0x110U);
  EXPECT_EQ(in_foo->module, "");
  const auto in_module = symbols->find(0xffffffffc0123010);
  ASSERT_TRUE(in_module);
  EXPECT_EQ(in_module->name, "ext4_sync_file");
  EXPECT_EQ(in_module->module, "ext4");
  EXPECT_EQ(symbols->find(0xffffffffc0124001)->module, "nf_tables");
}

TEST(Kallsyms, ReadsKernelsOf32Bits) {
  const auto symbols = parse_kallsyms("c1000000 T _stext\nc1000040 T do_one_initcall\n", "kallsyms");
  ASSERT_TRUE(symbols);
  EXPECT_EQ(symbols->find(0xc1000044)->name, "do_one_initcall");
}

TEST(Kallsyms, SaysWhenTheKernelHidesAddresses) {
  const auto hidden = parse_kallsyms(
      "0000000000000000 T _stext\n0000000000000000 t foo\n0000000000000000 t bar\t[ext4]\n", "/proc/kallsyms");
  ASSERT_FALSE(hidden);
  EXPECT_EQ(hidden.error().kind, Error::Kind::kDenied);
  EXPECT_EQ(hidden.error().where, "/proc/kallsyms");
  EXPECT_FALSE(hidden.error().hint.empty());
}

TEST(Kallsyms, LeavesOutOddLinesButRefusesWhatIsNone) {
  const auto some = parse_kallsyms("ffffffff81000000 T _stext\nnonsense\nffffffff81000100 T foo\n", "k");
  ASSERT_TRUE(some);
  EXPECT_EQ(some->size(), 2U);
  for (const std::string_view text : {"", "\n\n", "hello\n", "ffffffff81000000\n", "ffffffff81000000 T \n",
                                      "ffffffff810000001 T too_long\n", "ffffffff81000000 T cut_of"}) {
    const auto none = parse_kallsyms(text, "k");
    ASSERT_FALSE(none) << text;
    EXPECT_EQ(none.error().kind, Error::Kind::kMalformed) << text;
  }
}

TEST(Kallsyms, DropsANameThatIsCutOff) {
  const auto symbols = parse_kallsyms("ffffffff81000000 T _stext\nffffffff81000100 T fo", "k");
  ASSERT_TRUE(symbols);
  EXPECT_EQ(symbols->size(), 1U);
}

TEST(Kallsyms, NeverInventsASymbolHoweverTheTextIsCut) {
  const std::string text = capture("6.1-x86_64-guest.txt").substr(0, 2000);
  for (std::size_t length = 0; length < text.size(); ++length) {
    const auto part = parse_kallsyms(std::string_view(text).substr(0, length), "k");
    if (!part) continue;
    const auto lines = static_cast<std::size_t>(std::ranges::count(text.substr(0, length), '\n'));
    EXPECT_LE(part->size(), lines) << length;
  }
}

TEST(Kallsyms, ReadsThreeHundredThousandLines) {
  std::string text;
  for (std::uint64_t i = 0; i < 300'000; ++i) {
    text += fmt::format("{:016x} t a_function_of_usual_length_{}{}\n", 0xffffffff81000000 + i * 64, i,
                        i % 3 == 0 ? fmt::format("\t[module_{}]", i / 1000) : "");
  }
  const auto start = std::chrono::steady_clock::now();
  const auto symbols = parse_kallsyms(text, "k");
  RecordProperty(
      "milliseconds",
      static_cast<int>(
          std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count()));
  ASSERT_TRUE(symbols);
  EXPECT_EQ(symbols->size(), 300'000U);
  EXPECT_EQ(symbols->find(0xffffffff81000000 + 300 * 64 + 5)->module, "module_0");
}

}  // namespace
}  // namespace leakscope::sources
