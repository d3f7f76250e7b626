#include "sources/kmem_bpf/allocator_frames.h"

#include <initializer_list>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace leakscope::sources::kmem_bpf {
namespace {

// A kernel that has just these functions, one each 256 bytes; a frame is a return address in the middle of one.
class Kernel {
 public:
  std::vector<std::uint64_t> stack(std::initializer_list<std::string_view> functions) {
    std::vector<std::uint64_t> frames;
    for (const auto function : functions) {
      next_ += 256;
      // Without a symbol: far from any other.
      if (function.empty()) {
        frames.push_back(0xFFFF'FFFF'C000'0000 + next_);
      } else {
        symbols.add(next_, function, "");
        frames.push_back(next_ + 128);
      }
    }
    symbols.finish();
    return frames;
  }
  model::KernelSymbols symbols;

 private:
  std::uint64_t next_ = 0xFFFF'FFFF'8100'0000;
};

TEST(AllocatorFrames, TheCallSiteBeginsTheCallersPart) {
  Kernel kernel;
  const auto stack = kernel.stack({"bpf_trace_run6", "__traceiter_kmalloc", "__kmalloc_noprof", "seq_open", "do_open"});
  EXPECT_EQ(first_frame_of_caller(stack, stack[3], kernel.symbols), 3U);
  EXPECT_EQ(first_frame_of_caller(stack, stack[3], {}), 3U);
}

// As on 6.18.
TEST(AllocatorFrames, PagesAreFollowedToWhoAsked) {
  Kernel kernel;
  const auto stack = kernel.stack({"bpf_prog_0123_on_page_alloc", "bpf_trace_run4", "__traceiter_mm_page_alloc",
                                   "__alloc_frozen_pages_noprof", "alloc_pages_mpol", "alloc_pages_noprof",
                                   "anon_pipe_write", "vfs_write"});
  EXPECT_EQ(first_frame_of_caller(stack, 0, kernel.symbols), 6U);
}

// As on 5.10, where programs and trampolines have no symbols.
TEST(AllocatorFrames, FramesWithoutSymbolsAreOfTracing) {
  Kernel kernel;
  const auto stack = kernel.stack({"", "", "", "alloc_vmap_area", "__get_vm_area_node.constprop.0",
                                   "__vmalloc_node_range", "bpf_map_area_alloc", "array_map_alloc"});
  EXPECT_EQ(first_frame_of_caller(stack, 0, kernel.symbols), 6U);
}

TEST(AllocatorFrames, WhatIsNotKnownIsKept) {
  Kernel kernel;
  const auto stack = kernel.stack({"some_function", "another"});
  EXPECT_EQ(first_frame_of_caller(stack, 0, kernel.symbols), 0U);
  EXPECT_EQ(first_frame_of_caller(stack, 0, {}), 0U);
  EXPECT_EQ(first_frame_of_caller({}, 0, kernel.symbols), 0U);
  EXPECT_EQ(first_frame_of_caller({}, 5, kernel.symbols), 0U);
  const auto all_allocator = kernel.stack({"bpf_trace_run4", "__alloc_pages"});
  EXPECT_LT(first_frame_of_caller(all_allocator, 0, kernel.symbols), 2U);
}

TEST(AllocatorFrames, PagesOfOtherAllocatorsAreTold) {
  Kernel kernel;
  EXPECT_EQ(page_use(kernel.stack({"bpf_trace_run4", "__alloc_pages", "allocate_slab", "___slab_alloc", "kmalloc"}),
                     kernel.symbols),
            PageUse::kSlab);
  EXPECT_EQ(page_use(kernel.stack({"__alloc_pages", "___kmalloc_large_node", "kvmalloc"}), kernel.symbols),
            PageUse::kSlab);
  EXPECT_EQ(page_use(kernel.stack({"__alloc_pages", "__vmalloc_area_node", "vmalloc"}), kernel.symbols),
            PageUse::kVmalloc);
  EXPECT_EQ(page_use(kernel.stack({"", "alloc_vmap_area", "__get_vm_area_node", "vmalloc", "f"}), kernel.symbols),
            PageUse::kVmalloc);
  EXPECT_EQ(page_use(kernel.stack({"", "alloc_vmap_area", "__get_vm_area_node", "vmap", "f"}), kernel.symbols),
            PageUse::kOther);
  EXPECT_EQ(page_use(kernel.stack({"__alloc_pages", "pcpu_populate_chunk", "pcpu_alloc"}), kernel.symbols),
            PageUse::kPercpu);
  EXPECT_EQ(page_use(kernel.stack({"__alloc_pages", "pipe_write"}), kernel.symbols), PageUse::kOther);
  EXPECT_EQ(page_use({}, kernel.symbols), PageUse::kOther);
}

}  // namespace
}  // namespace leakscope::sources::kmem_bpf
