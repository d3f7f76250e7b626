#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace leakscope::sources::kmem_bpf {

/// How the running kernel makes its allocation events, as its BTF tells: which there are, and what their arguments
/// mean.
struct KernelLayout {
  bool has_cache_event = false;  ///< kmem_cache_alloc; without it there is nothing to build on
  bool has_node_events = false;  ///< kmalloc_node, kmem_cache_alloc_node: up to 5.18
  bool has_page_events = false;
  bool has_percpu_events = false;
  bool has_area_events = false;        ///< alloc_vmap_area and the like: from 6.3
  bool cache_event_has_cache = false;  ///< struct kmem_cache instead of two sizes
  std::uint32_t kmalloc_shift = 0;     ///< 1: kmalloc has the cache before its sizes
  bool percpu_has_call_site = false;
  bool can_ask_for_cache = false;  ///< bpf_get_kmem_cache()
  std::uint32_t page_struct_bytes = 0;
  std::uint64_t gfp_accounted = 0x400000;
  std::uint64_t gfp_compound = 0x40000;
  bool has_accounted_caches = false;  ///< kmalloc-cg-*: accounted objects have caches of their own
  // Functions for fentry and fexit, by their names here; empty: the kernel has none to look at.
  std::string bulk_free;
  std::string rcu_free;
  std::string bulk_alloc;
  std::string bulk_pages;
  std::string area_alloc;
  std::string area_free;
  bool rcu_has_pointer = false;
  bool bulk_returns_bool = false;
  bool pages_have_list = false;
};

/// kUnsupported without BTF.
[[nodiscard]] Result<KernelLayout> read_kernel_layout();

}  // namespace leakscope::sources::kmem_bpf
