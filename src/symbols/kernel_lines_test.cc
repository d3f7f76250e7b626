#include "symbols/kernel_lines.h"

#include <fcntl.h>
#include <link.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <new>
#include <vector>

#include <gtest/gtest.h>

#include "base/unique_fd.h"
#include "symbols/kernel_debug.h"

// Symbols of this program by which the tests find their way in it; _stext is what a kernel has.
extern "C" {
constexpr std::uint32_t kLineOfMarked = __LINE__ + 1;
[[gnu::noinline, gnu::used]] int leakscope_marked_function(int value) { return value * 3; }
[[gnu::noinline, gnu::used]] int _stext(int value) { return value - 3; }  // NOLINT
}

namespace leakscope::symbols {
namespace {

constexpr const char* kSelf = "/proc/self/exe";

// Where this program was loaded, above the addresses of its file.
std::uint64_t load_address() {
  std::uint64_t base = 0;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* out) {
        *static_cast<std::uint64_t*>(out) = info->dlpi_addr;
        return 1;  // the first is the program itself
      },
      &base);
  return base;
}

template <class Function>
std::uint64_t address_in_file(Function* function) {
  return reinterpret_cast<std::uint64_t>(function) - load_address();
}

std::string self() { return std::filesystem::read_symlink(kSelf).string(); }

std::string scratch_file(const std::string& content) {
  std::string path = ::testing::TempDir() + "leakscope-lines-XXXXXX";
  const UniqueFd file(::mkstemp(path.data()));
  std::ofstream(path) << content;
  return path;
}

TEST(KernelLines, FindsLinesOfThisProgram) {
  if (!DwarfLines::is_supported()) GTEST_SKIP() << "built without libdw";
  const std::vector<std::uint64_t> addresses{address_in_file(&leakscope_marked_function), 1, 0xffffffff81000000};
  const auto lines = kernel_lines(self(), addresses);
  ASSERT_TRUE(lines) << to_string(lines.error());
  ASSERT_EQ(lines->size(), 3U);
  EXPECT_TRUE((*lines)[0].file.ends_with("kernel_lines_test.cc")) << (*lines)[0].file;
  EXPECT_EQ((*lines)[0].line, kLineOfMarked);
  EXPECT_EQ((*lines)[1], LineInfo{});
  EXPECT_EQ((*lines)[2], LineInfo{});
}

TEST(KernelLines, NoAddressesAreNoLines) {
  if (!DwarfLines::is_supported()) GTEST_SKIP() << "built without libdw";
  const auto lines = kernel_lines(self(), {});
  ASSERT_TRUE(lines);
  EXPECT_TRUE(lines->empty());
}

TEST(KernelLines, WhatIsNoElfFileIsAnError) {
  if (!DwarfLines::is_supported()) GTEST_SKIP() << "built without libdw";
  const std::vector<std::uint64_t> addresses{1};
  EXPECT_EQ(kernel_lines("/nowhere/vmlinux", addresses).error().kind, Error::Kind::kNotFound);
  for (const std::string& content : {std::string(), std::string("vmlinux"),
                                     std::string("\x7f"
                                                 "ELF\x02\x01\x01 rubbish")}) {
    const std::string path = scratch_file(content);
    const auto lines = kernel_lines(path, addresses);
    if (lines) {
      EXPECT_EQ(*lines, std::vector<LineInfo>(1)) << content;
    } else {
      EXPECT_EQ(lines.error().kind, Error::Kind::kMalformed) << content;
    }
    std::filesystem::remove(path);
  }
}

TEST(KernelLines, ADamagedFileCostsLinesOnly) {
  if (!DwarfLines::is_supported()) GTEST_SKIP() << "built without libdw";
  std::ifstream in(self(), std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const std::vector<std::uint64_t> addresses(8, address_in_file(&leakscope_marked_function));
  for (unsigned round = 0; round < 4; ++round) {
    std::string damaged = content.substr(0, content.size() - std::size_t{1000} * round);
    for (std::size_t at = 64 + round; at < damaged.size(); at += 97 + round) damaged[at] = static_cast<char>(at * 31);
    const std::string path = scratch_file(damaged);
    const auto lines = kernel_lines(path, addresses, {.processor_time = std::chrono::seconds(5)});
    EXPECT_TRUE(!lines || lines->size() == addresses.size());
    std::filesystem::remove(path);
  }
}

TEST(LineReply, TakesWhatMakesSense) {
  const auto lines = parse_line_reply("12 mm/slub.c\n0 \n7 a file.c\n9 cut", 5);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0], (LineInfo{"mm/slub.c", 12}));
  EXPECT_EQ(lines[1], LineInfo{});
  EXPECT_EQ(lines[2], (LineInfo{"a file.c", 7}));
  EXPECT_EQ(lines[3], LineInfo{});
  EXPECT_EQ(parse_line_reply("1\n2 b.c\n", 2), std::vector<LineInfo>(2));
  EXPECT_EQ(parse_line_reply("99999999999 a.c\n2 b.c\n", 2), std::vector<LineInfo>(2));
  EXPECT_EQ(parse_line_reply("1 a.c\n2 b.c\n", 1), (std::vector<LineInfo>{{"a.c", 1}}));
}

std::string told(const std::function<std::string()>& work, const ChildLimits& limits = {}) {
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const auto output = run_confined(
      null.get(),
      [&](int, int out) {
        const std::string text = work();
        (void)!::write(out, text.data(), text.size());
      },
      limits);
  if (!output) return to_string(output.error());
  return output->complete ? output->text : "(" + output->why + ")" + output->text;
}

TEST(ConfinedChild, GivesBackWhatItWrote) {
  EXPECT_EQ(told([] { return std::string("hello"); }), "hello");
}

TEST(ConfinedChild, CanReachNothing) {
  EXPECT_EQ(told([] { return std::to_string(::open("/etc/passwd", O_RDONLY)); }), "-1");
  EXPECT_EQ(told([] { return std::to_string(::fork()); }), "-1");
  EXPECT_EQ(told([] { return std::to_string(::dup(0)); }), "-1");
  EXPECT_EQ(told([] { return std::to_string(::prctl(PR_CAPBSET_READ, 0) >= 0 && ::setuid(0) == 0); }), "0");
  EXPECT_EQ(told([] { return std::to_string(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)); }), "1");
}

#ifndef __SANITIZE_ADDRESS__
TEST(ConfinedChild, GetsNoMoreMemoryThanItMay) {
  const auto large = [] { return std::string(std::size_t{256} << 20U, 'x').substr(0, 1); };
  EXPECT_EQ(told(large), "x");
  EXPECT_EQ(told(large, {.memory = std::size_t{64} << 20U}), "(ran out of memory)");
}
#endif

TEST(ConfinedChild, ItsDeathIsToldAndNothingMore) {
  EXPECT_EQ(told([]() -> std::string { ::_exit(3); }), "(ran out of memory)");
  const std::string killed = told([]() -> std::string {
    (void)::raise(SIGKILL);
    return "";
  });
  EXPECT_EQ(killed, "(killed by signal 9)");
  EXPECT_EQ(told([]() -> std::string { throw std::bad_alloc(); }), "(ran out of memory)");
}

TEST(ConfinedChild, IsEndedInTime) {
  const auto endless = []() -> std::string {
    std::atomic<unsigned> rounds = 0;
    while (true) rounds.fetch_add(1);
  };
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(told(endless, {.time = std::chrono::seconds(1)}), "(took too long)");
  const std::string spent =
      told(endless, {.processor_time = std::chrono::seconds(1), .time = std::chrono::seconds(60)});
  EXPECT_TRUE(spent == "(killed by signal 24)" || spent == "(killed by signal 9)") << spent;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
  EXPECT_EQ(told([] { return std::string(100, 'x'); }, {.output = 10}), "(wrote too much)");
}

TEST(KernelDebug, FitsThisProgramAsIfItWereAKernel) {
  if (!DwarfLines::is_supported()) GTEST_SKIP() << "built without libdw";
  const KernelIdentity kernel{
      .release = "x", .build_id = {}, .stext_address = reinterpret_cast<std::uint64_t>(&_stext)};
  const auto debug = fit_kernel_debug(self(), kernel);
  ASSERT_TRUE(debug) << to_string(debug.error());
  EXPECT_EQ(debug->slide, load_address());
  KernelIdentity other = kernel;
  other.build_id = "0123456789abcdef";
  EXPECT_EQ(fit_kernel_debug(self(), other).error().kind, Error::Kind::kNotFound);
  other = kernel;
  other.stext_address = 0;
  EXPECT_EQ(fit_kernel_debug(self(), other).error().kind, Error::Kind::kNotFound);
}

TEST(KernelDebug, LooksInTheUsualPlaces) {
  const auto places = debug_places("6.1.0-56-amd64", "85c7e4e2ed76");
  ASSERT_EQ(places.size(), 6U);
  EXPECT_EQ(places[0], "/usr/lib/debug/.build-id/85/c7e4e2ed76.debug");
  EXPECT_EQ(places[1], "/usr/lib/debug/boot/vmlinux-6.1.0-56-amd64");
  EXPECT_TRUE(debug_places("../../etc", "../x").empty());
  EXPECT_TRUE(debug_places("", "").empty());
}

TEST(KernelDebug, FindsTheFirstThatFits) {
  if (!DwarfLines::is_supported()) GTEST_SKIP() << "built without libdw";
  const std::string file = scratch_file("");
  const std::string root = file + ".d";
  std::filesystem::create_directories(root + "/usr/lib/debug/boot");
  std::filesystem::create_directories(root + "/boot");
  std::ofstream(root + "/usr/lib/debug/boot/vmlinux-1.2") << "rubbish";
  const KernelIdentity kernel{
      .release = "1.2", .build_id = {}, .stext_address = reinterpret_cast<std::uint64_t>(&_stext)};
  const auto none = find_kernel_debug(kernel, root);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, Error::Kind::kNotFound);
  EXPECT_NE(none.error().what.find("vmlinux-1.2"), std::string::npos);
  std::filesystem::create_symlink(self(), root + "/boot/vmlinux-1.2");
  const auto debug = find_kernel_debug(kernel, root);
  ASSERT_TRUE(debug) << to_string(debug.error());
  EXPECT_TRUE(debug->path.ends_with("/boot/vmlinux-1.2"));
  std::filesystem::remove_all(root);
  std::filesystem::remove(file);
}

TEST(KernelDebug, ReadsFacts) {
  const auto facts = parse_file_facts("build-id 85c7e4e2ed76f441\n_stext ffffffff81000000\n");
  EXPECT_EQ(facts.build_id, "85c7e4e2ed76f441");
  EXPECT_EQ(facts.stext, 0xffffffff81000000);
  EXPECT_EQ(parse_file_facts("build-id \n_stext x\n").stext, std::nullopt);
  EXPECT_EQ(parse_file_facts("build-id ../..\n").build_id, "");
}

}  // namespace
}  // namespace leakscope::symbols
