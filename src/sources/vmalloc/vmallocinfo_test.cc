#include "sources/vmalloc/vmallocinfo.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace leakscope::sources::vmalloc {
namespace {

std::string capture(const std::string& name) {
  std::ifstream in(std::string(LEAKSCOPE_TESTDATA) + "/vmallocinfo/" + name, std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

const CallerTotal* caller_of(const Vmallocinfo& info, std::string_view name) {
  const auto found = std::ranges::find(info.callers, name, &CallerTotal::name);
  return found == info.callers.end() ? nullptr : &*found;
}

TEST(Vmallocinfo, AddsUpARealMachineByCaller) {
  const std::string text = capture("6.18-x86_64-idle.txt");
  const auto info = parse_vmallocinfo(text);
  ASSERT_TRUE(info) << to_string(info.error());
  EXPECT_EQ(info->lines_left_out, 0U);
  const CallerTotal* clone = caller_of(*info, "kernel_clone");
  ASSERT_NE(clone, nullptr);
  EXPECT_EQ(clone->pages, clone->areas * 4);
  EXPECT_EQ(clone->unbacked_bytes, 0);
  const CallerTotal* idle = caller_of(*info, "fork_idle");
  ASSERT_NE(idle, nullptr);
  EXPECT_EQ(info->stack_pages, clone->pages + idle->pages);
  // Several offsets in one function are one caller.
  EXPECT_EQ(caller_of(*info, "pcpu_create_chunk")->areas, 8);
  const CallerTotal* percpu = caller_of(*info, "pcpu_get_vm_areas");
  ASSERT_NE(percpu, nullptr);
  EXPECT_EQ(percpu->pages, 0);
  EXPECT_EQ(percpu->unbacked_bytes, 2 * 2097152);
  EXPECT_TRUE(caller_of(*info, "vp_modern_map_capability")->ioremap);
  EXPECT_GT(info->unpurged_bytes, 0);
  std::int64_t pages = 0;
  for (const CallerTotal& caller : info->callers) pages += caller.pages;
  EXPECT_EQ(pages, info->vmalloc_pages + info->vmap_pages);
  EXPECT_EQ(info->vmap_pages, 0);
}

// Captured in guests (`./dev lab boot`): the pages are VmallocUsed of the same machine, but for what changed in
// between.
TEST(Vmallocinfo, ReadsEachRealKernel) {
  struct Capture {
    const char* kernel;
    std::size_t lines;
    std::int64_t pages;
  };
  for (const Capture& made :
       {Capture{"5.10", 104, 3904 / 4}, {"6.1", 122, 6588 / 4}, {"6.12", 133, 6308 / 4}, {"7.3", 129, 8132 / 4 + 4}}) {
    SCOPED_TRACE(made.kernel);
    const std::string text = capture(std::string(made.kernel) + "-x86_64-guest.txt");
    const auto info = parse_vmallocinfo(text);
    ASSERT_TRUE(info) << to_string(info.error());
    EXPECT_EQ(info->lines, made.lines);
    EXPECT_EQ(info->lines_left_out, 0U);
    EXPECT_EQ(info->vmalloc_pages, made.pages);
    EXPECT_GT(info->stack_pages, 0);
  }
}

TEST(Vmallocinfo, ReadsEveryKindOfLine) {
  const std::string text = capture("5.10-format-made.txt");
  const auto info = parse_vmallocinfo(text);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->lines, 13U);
  EXPECT_EQ(info->lines_left_out, 0U);
  EXPECT_EQ(info->stack_pages, 8);
  EXPECT_EQ(info->vmalloc_pages, 4 + 4 + 2 + 2 + 2 + 1024 + 16);
  EXPECT_EQ(info->vmap_pages, 16);
  EXPECT_EQ(info->unpurged_bytes, 36864);
  EXPECT_EQ(caller_of(*info, "xt_alloc_table_info [x_tables]")->pages, 4);
  EXPECT_EQ(caller_of(*info, "xt_alloc_table_info [other]")->pages, 2);
  EXPECT_EQ(caller_of(*info, "0xffffffffc0123456")->pages, 1024);
  EXPECT_EQ(caller_of(*info, "vm_map_ram")->unbacked_bytes, 36864);
  EXPECT_EQ(caller_of(*info, "vmalloc")->pages, 16);
  EXPECT_EQ(caller_of(*info, "dma_common_pages_remap")->unbacked_bytes, 69632);
  EXPECT_EQ(caller_of(*info, "ioremap")->areas, 1);
}

TEST(Vmallocinfo, KnowsTheCallersOfKernelStacks) {
  for (const std::string_view name : {"kernel_clone", "_do_fork", "copy_process", "dup_task_struct.isra.0",
                                      "alloc_thread_stack_node.constprop.0", "fork_idle", "copy_process.part.41"}) {
    EXPECT_TRUE(is_stack_caller(name)) << name;
  }
  for (const std::string_view name : {"", "kernel_clones", "bpf_prog_alloc_no_stats", "fork"}) {
    EXPECT_FALSE(is_stack_caller(name)) << name;
  }
}

TEST(Vmallocinfo, LeavesBrokenLinesOut) {
  const std::string_view good = "0x0-0x0 8192 f+0x1/0x2 pages=1 vmalloc N0=1\n";
  for (const std::string_view line : {"garbage", "0x0-0x0", "0x0-0x0 x f+0x1/0x2", "0x0-0x0 -8192 f+0x1/0x2",
                                      "0x0-0x0 8192 f+0x1/0x2 pages=x vmalloc", "0x0-0x0 8192 f+0x1/0x2 pages=-1",
                                      "0x0-0x0 8192 g+0x1/0x2 pages=99999999999999999999 vmalloc"}) {
    const std::string text = std::string(good) + std::string(line) + "\n";
    const auto info = parse_vmallocinfo(text);
    ASSERT_TRUE(info) << line;
    EXPECT_EQ(info->lines_left_out, 1U) << line;
    EXPECT_EQ(info->problems[0].line, 2U) << line;
    EXPECT_EQ(info->vmalloc_pages, 1) << line;
  }
  EXPECT_FALSE(parse_vmallocinfo("MemTotal: 1\n"));
  EXPECT_FALSE(parse_vmallocinfo("0x0-0x"));
  EXPECT_TRUE(parse_vmallocinfo(""));
}

TEST(Vmallocinfo, SumsThatDoNotFitAreLeftOut) {
  const std::string line = fmt::format("0x0-0x0 8192 f+0x1/0x2 pages={} vmalloc\n", INT64_MAX);
  const std::string text = line + line;
  const auto info = parse_vmallocinfo(text);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->vmalloc_pages, INT64_MAX);
  EXPECT_EQ(info->lines_left_out, 1U);
}

TEST(Vmallocinfo, NoticesALineCutInHalf) {
  const std::string text = capture("6.18-x86_64-idle.txt").substr(0, 1500);
  for (std::size_t length = 1; length < text.size(); ++length) {
    const auto info = parse_vmallocinfo(std::string_view(text).substr(0, length));
    if (info) {
      EXPECT_EQ(info->cut, text[length - 1] != '\n') << length;
    }
  }
}

TEST(Vmallocinfo, TellsThousandsOfCallersApartInAReusedTable) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += fmt::format("0x0-0x0 8192 f{}+0x1/0x2 pages=1 vmalloc N0=1\n", i % 1500);
  VmallocinfoParser parser;
  Vmallocinfo info;
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(parser.parse(text, info));
    ASSERT_EQ(info.callers.size(), 1500U);
    EXPECT_TRUE(std::ranges::all_of(info.callers, [](const CallerTotal& c) { return c.areas == 2 && c.pages == 2; }));
  }
}

}  // namespace
}  // namespace leakscope::sources::vmalloc
