#include "analysis/profile/allocator_functions.h"

#include <gtest/gtest.h>

#include "analysis/profile/made_sites.h"

namespace leakscope::analysis::profile {
namespace {

TEST(AllocatorFunctions, HandMemoryOn) {
  for (const char* name : {"kmalloc_trace",
                           "__kmalloc",
                           "__kmalloc_noprof",
                           "__kmalloc_cache_noprof",
                           "kmem_cache_alloc_lru",
                           "kmem_cache_alloc_trace",
                           "kmem_cache_alloc_from_sheaf_noprof",
                           "___slab_alloc",
                           "___slab_alloc.isra.0",
                           "allocate_slab",
                           "new_slab",
                           "__alloc_pages",
                           "__alloc_pages_nodemask",
                           "__alloc_frozen_pages_noprof",
                           "alloc_pages_mpol",
                           "alloc_pages_mpol_noprof",
                           "__get_free_pages",
                           "get_free_pages_noprof",
                           "folio_alloc_noprof",
                           "__vmalloc_node_range_noprof",
                           "vmalloc",
                           "vzalloc_noprof",
                           "pcpu_alloc",
                           "pcpu_alloc_noprof",
                           "__alloc_percpu",
                           "__alloc_skb",
                           "kmalloc_reserve",
                           "alloc_skb_with_frags",
                           "__netdev_alloc_skb",
                           "napi_alloc_skb",
                           "seq_buf_alloc",
                           "seq_open",
                           "mempool_alloc_noprof",
                           "memdup_user",
                           "strndup_user",
                           "sock_kmalloc",
                           "kmemdup_nul",
                           "kstrdup_const",
                           "krealloc_node_align_noprof",
                           "kvmalloc_node",
                           "kasprintf",
                           "dma_pool_alloc"}) {
    EXPECT_TRUE(is_allocator_function(name)) << name;
  }
}

// They keep what they get, set up an allocator, or only have its name.
TEST(AllocatorFunctions, AreNotAllThatSoundLikeIt) {
  for (const char* name : {"",
                           "alloc_inode",
                           "alloc_empty_file",
                           "sk_alloc",
                           "sock_alloc_inode",
                           "alloc_slab_obj_exts",
                           "alloc_empty_sheaf",
                           "memcg_alloc_slab_cgroups",
                           "pcpu_create_chunk",
                           "kmem_cache_create",
                           "mempool_create",
                           "create_kmalloc_cache",
                           "kmalloc_slab",
                           "kmalloc_leak_init",
                           "my_kmalloc",
                           "kfree",
                           "_noprof",
                           "pskb_expand_head",
                           "vm_area_alloc",
                           "perf_trace_init",
                           "perf_trace_buf_alloc",
                           "bpf_trace_run",
                           "bpf_trace_run_prog",
                           "bpf_prog_alloc",
                           "trace_array_create",
                           "kmalloc.notasuffix"}) {
    EXPECT_FALSE(is_allocator_function(name)) << name;
  }
}

TEST(AllocatorFunctions, AreAlsoTheFramesOfTheTracingItself) {
  for (const char* name : {"__traceiter_kmalloc", "perf_trace_kmem_alloc", "trace_event_raw_event_mm_page_alloc",
                           "__bpf_trace_kmem_cache_alloc", "bpf_trace_run2", "bpf_trace_run12"}) {
    EXPECT_TRUE(is_allocator_function(name)) << name;
  }
}

TEST(AllocatorFunctions, ClonesHaveTheNameOfTheirSource) {
  EXPECT_EQ(without_clone_suffix("foo.isra.0"), "foo");
  EXPECT_EQ(without_clone_suffix("foo.constprop.0.isra.12"), "foo");
  EXPECT_EQ(without_clone_suffix("foo.part.1.cold"), "foo");
  EXPECT_EQ(without_clone_suffix("foo.llvm.123456"), "foo");
  EXPECT_EQ(without_clone_suffix("foo"), "foo");
  EXPECT_EQ(without_clone_suffix("foo.bar"), "foo.bar");
  EXPECT_EQ(without_clone_suffix("foo.1"), "foo.1");
  EXPECT_EQ(without_clone_suffix(".cold"), ".cold");
  EXPECT_EQ(without_clone_suffix(".0"), ".0");
  EXPECT_EQ(without_clone_suffix(""), "");
}

TEST(CallerOf, IsTheInnermostThatAllocatesForItself) {
  const model::Site made =
      site({frame("__alloc_skb"), frame("__netdev_alloc_skb"), frame("rx", "e1000"), frame("irq")}, 1);
  EXPECT_EQ(caller_of(made)->symbol, "rx");
}

TEST(CallerOf, FallsBackToWhatIsThere) {
  EXPECT_EQ(caller_of(site({}, 1)), nullptr);
  EXPECT_EQ(caller_of(site({frame(""), frame("kmalloc"), frame("vmalloc")}, 1))->symbol, "kmalloc");
  const model::Site unnamed = site({frame(""), frame("")}, 1);
  EXPECT_EQ(caller_of(unnamed), &unnamed.stack.front());
}

}  // namespace
}  // namespace leakscope::analysis::profile
