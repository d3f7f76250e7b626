#include "analysis/profile/allocator_functions.h"

#include <algorithm>
#include <array>

namespace leakscope::analysis::profile {
namespace {

// Sorted by bytes; clones and "_noprof" (what memory allocation profiling put behind most names in 6.10) are taken off
// before. Compared with the symbols of 5.10, 6.1, 6.18 and 7.3. What headers define inline is here as well, since
// compilers leave copies of it in the kernel and in modules; and so are the frames that page_owner and kmemleak begin
// with. Of a slab's own needs (alloc_slab_obj_exts, alloc_empty_sheaf) nothing is here: they keep what they get.
constexpr auto kAllocatorFunctions = std::to_array<std::string_view>({
    // clang-format off
    "____cache_alloc", "____cache_alloc_node", "___kmalloc_large_node", "___slab_alloc", "__alloc_contig_try_harder",
    "__alloc_frozen_pages", "__alloc_pages", "__alloc_pages_bulk", "__alloc_pages_cpuset_fallback",
    "__alloc_pages_direct_compact", "__alloc_pages_direct_reclaim", "__alloc_pages_may_oom", "__alloc_pages_node",
    "__alloc_pages_nodemask", "__alloc_pages_slowpath", "__alloc_percpu", "__alloc_percpu_gfp",
    "__alloc_reserved_percpu", "__alloc_skb", "__bpf_map_area_alloc", "__build_skb", "__cma_alloc",
    "__cma_alloc_frozen", "__dev_alloc_page", "__dev_alloc_pages", "__dev_alloc_skb", "__devm_alloc_percpu",
    "__devres_alloc_node", "__dma_alloc_pages", "__dma_direct_alloc_pages", "__do_cache_alloc", "__do_kmalloc",
    "__do_kmalloc_node", "__do_krealloc", "__folio_alloc", "__folio_alloc_node", "__get_free_pages",
    "__get_vm_area_caller", "__get_vm_area_node", "__iommu_dma_alloc_noncontiguous", "__kmalloc", "__kmalloc_cache",
    "__kmalloc_cache_node", "__kmalloc_flags", "__kmalloc_large", "__kmalloc_large_node", "__kmalloc_node",
    "__kmalloc_node_track_caller", "__kmalloc_nolock", "__kmalloc_track_caller", "__kmem_cache_alloc_bulk",
    "__kmem_cache_alloc_lru", "__kmem_cache_alloc_node", "__kvmalloc_node", "__napi_alloc_frag",
    "__napi_alloc_frag_align", "__napi_alloc_skb", "__napi_build_skb", "__netdev_alloc_frag_align",
    "__netdev_alloc_skb", "__netdev_alloc_skb_ip_align", "__page_cache_alloc", "__page_frag_alloc_align",
    "__page_frag_cache_refill", "__page_pool_alloc_netmems_slow", "__page_pool_alloc_page_order",
    "__page_pool_alloc_pages_slow", "__pcs_replace_empty_main", "__percpu_counter_init", "__percpu_counter_init_many",
    "__pskb_copy_fclone", "__refill_objects_any", "__refill_objects_node", "__rmqueue_pcplist", "__seq_open_private",
    "__set_page_owner", "__slab_alloc", "__slab_alloc_node", "__vcalloc", "__vmalloc", "__vmalloc_area_node",
    "__vmalloc_array", "__vmalloc_node", "__vmalloc_node_range", "_kmalloc_nolock", "alloc_contig_frozen_pages",
    "alloc_contig_frozen_range", "alloc_contig_pages", "alloc_contig_range", "alloc_dr", "alloc_from_new_slab",
    "alloc_from_pcs", "alloc_from_pcs_bulk", "alloc_frozen_pages", "alloc_frozen_pages_nolock",
    "alloc_page_interleave", "alloc_pages", "alloc_pages_bulk", "alloc_pages_bulk_array_mempolicy",
    "alloc_pages_bulk_interleave", "alloc_pages_bulk_mempolicy", "alloc_pages_bulk_node",
    "alloc_pages_bulk_preferred_many", "alloc_pages_bulk_weighted_interleave", "alloc_pages_current",
    "alloc_pages_exact", "alloc_pages_exact_nid", "alloc_pages_mpol", "alloc_pages_node", "alloc_pages_nolock",
    "alloc_pages_preferred_many", "alloc_pages_vma", "alloc_single_from_new_slab", "alloc_skb", "alloc_skb_fclone",
    "alloc_skb_for_msg", "alloc_skb_with_frags", "alloc_slab_page", "alloc_vmap_area", "allocate_slab",
    "bio_alloc_bioset", "bio_kmalloc", "bitmap_alloc", "bitmap_alloc_node", "bitmap_zalloc", "bitmap_zalloc_node",
    "bpf_map_alloc_pages", "bpf_map_alloc_percpu", "bpf_map_area_alloc", "bpf_map_area_mmapable_alloc",
    "bpf_map_kmalloc_node", "bpf_map_kmalloc_nolock", "bpf_map_kvcalloc", "bpf_map_kzalloc", "build_skb", "bvec_alloc",
    "cache_alloc_refill", "cache_grow_begin", "cma_alloc", "cma_alloc_aligned", "cma_alloc_frozen",
    "cma_alloc_frozen_compound", "dev_alloc_page", "dev_alloc_pages", "dev_alloc_skb", "devm_bitmap_alloc",
    "devm_bitmap_zalloc", "devm_get_free_pages", "devm_kasprintf", "devm_kasprintf_strarray", "devm_kcalloc",
    "devm_kmalloc", "devm_kmalloc_array", "devm_kmemdup", "devm_kmemdup_array", "devm_kmemdup_const", "devm_krealloc",
    "devm_krealloc_array", "devm_kstrdup", "devm_kstrdup_const", "devm_kvasprintf", "devm_kzalloc",
    "devres_alloc_node", "dma_alloc_attrs", "dma_alloc_contiguous", "dma_alloc_from_contiguous",
    "dma_alloc_noncoherent", "dma_alloc_noncontiguous", "dma_alloc_pages", "dma_common_alloc_pages",
    "dma_direct_alloc", "dma_direct_alloc_pages", "dma_pool_alloc", "dmam_alloc_attrs", "execmem_alloc",
    "execmem_vmalloc", "fallback_alloc", "filemap_alloc_folio", "folio_alloc", "folio_alloc_mpol", "folio_alloc_node",
    "get_free_pages", "get_page_from_freelist", "get_vm_area", "get_vm_area_caller", "get_zeroed_page",
    "iommu_alloc_pages_node_sz", "iommu_dma_alloc", "iommu_dma_alloc_noncontiguous", "kasprintf", "kasprintf_strarray",
    "kcalloc", "kcalloc_node", "kmalloc", "kmalloc_array", "kmalloc_array_node", "kmalloc_large", "kmalloc_large_node",
    "kmalloc_node", "kmalloc_node_trace", "kmalloc_node_track_caller", "kmalloc_nolock", "kmalloc_order",
    "kmalloc_order_trace", "kmalloc_pfmemalloc", "kmalloc_reserve", "kmalloc_trace", "kmalloc_track_caller",
    "kmem_cache_alloc", "kmem_cache_alloc_bulk", "kmem_cache_alloc_from_sheaf", "kmem_cache_alloc_lru",
    "kmem_cache_alloc_node", "kmem_cache_alloc_node_trace", "kmem_cache_alloc_trace", "kmem_cache_zalloc",
    "kmem_getpages", "kmemdup", "kmemdup_array", "kmemdup_nul", "kmemleak_alloc", "kmemleak_alloc_percpu",
    "kmemleak_vmalloc", "krealloc", "krealloc_array", "krealloc_node_align", "kstrdup", "kstrdup_and_replace",
    "kstrdup_const", "kstrdup_quotable", "kstrdup_quotable_cmdline", "kstrdup_quotable_file", "kstrndup", "kvasprintf",
    "kvasprintf_const", "kvcalloc", "kvmalloc", "kvmalloc_array", "kvmalloc_node", "kvmemdup", "kvrealloc",
    "kvrealloc_node_align", "kvzalloc", "kvzalloc_node", "kzalloc", "kzalloc_node", "match_strdup", "memdup_user",
    "memdup_user_nul", "mempool_alloc", "mempool_alloc_bulk", "mempool_alloc_from_pool", "mempool_alloc_pages",
    "mempool_alloc_preallocated", "mempool_alloc_slab", "mempool_kmalloc", "mempool_kvmalloc", "module_alloc",
    "napi_alloc_frag", "napi_alloc_frag_align", "napi_alloc_skb", "napi_build_skb", "napi_skb_cache_get",
    "napi_skb_cache_get_bulk", "netdev_alloc_frag", "netdev_alloc_frag_align", "netdev_alloc_skb",
    "netdev_alloc_skb_ip_align", "netlink_alloc_large_skb", "new_slab", "new_slab_objects", "nla_memdup", "nla_strdup",
    "nlmsg_new", "page_frag_alloc", "page_frag_alloc_align", "page_frag_refill_align", "page_pool_alloc_frag",
    "page_pool_alloc_frag_netmem", "page_pool_alloc_netmems", "page_pool_alloc_pages", "page_pool_dev_alloc_pages",
    "pcpu_alloc", "pcpu_mem_zalloc", "percpu_counter_init", "percpu_ref_init", "post_alloc_hook", "prep_new_page",
    "pskb_copy", "refill_objects", "refill_sheaf", "rmqueue", "rmqueue_bulk", "seq_buf_alloc", "seq_open",
    "seq_open_private", "set_page_owner", "single_open", "single_open_size", "sk_page_frag_refill",
    "sk_stream_alloc_skb", "skb_clone", "skb_clone_sk", "skb_copy", "skb_copy_expand", "skb_page_frag_refill",
    "skb_realloc_headroom", "slab_alloc", "slab_alloc_node", "slab_build_skb", "slab_post_alloc_hook",
    "sock_alloc_send_pskb", "sock_alloc_send_skb", "sock_kmalloc", "sock_kmemdup", "sock_omalloc", "sock_wmalloc",
    "strndup_user", "tcp_stream_alloc_skb", "try_alloc_pages", "vcalloc", "vm_area_alloc_pages", "vma_alloc_folio",
    "vmalloc", "vmalloc_32", "vmalloc_32_user", "vmalloc_array", "vmalloc_huge", "vmalloc_huge_node",
    "vmalloc_no_huge", "vmalloc_node", "vmalloc_user", "vmap", "vmemdup_user", "vrealloc", "vrealloc_node_align",
    "vzalloc", "vzalloc_node"
    // clang-format on
});
static_assert(std::ranges::adjacent_find(kAllocatorFunctions, std::ranges::greater_equal{}) ==
              kAllocatorFunctions.end());

// The events of which stacks are taken: include/trace/events/kmem.h (with the classes of before 6.1) and percpu.h.
constexpr auto kTracedEvents =
    std::to_array<std::string_view>({"kmalloc", "kmalloc_node", "kmem_alloc", "kmem_alloc_node", "kmem_cache_alloc",
                                     "kmem_cache_alloc_node", "mm_page_alloc", "percpu_alloc_percpu"});

// What the macros of include/trace/ make for an event: it is on the stack where perf or BPF takes one. Other functions
// begin so too (perf_trace_init), and are no such frames.
constexpr auto kEventPrefixes = std::to_array<std::string_view>(
    {"__bpf_trace_", "__probestub_", "__traceiter_", "perf_trace_", "trace_event_raw_event_", "trace_"});

bool is_tracing_frame(std::string_view symbol) {
  constexpr std::string_view kRun = "bpf_trace_run";  // bpf_trace_run1 to 12: kernel/trace/bpf_trace.c
  if (symbol.starts_with(kRun)) {
    const std::string_view number = symbol.substr(kRun.size());
    return !number.empty() && number.find_first_not_of("0123456789") == std::string_view::npos;
  }
  return std::ranges::any_of(kEventPrefixes, [&](std::string_view prefix) {
    return symbol.starts_with(prefix) &&
           std::ranges::find(kTracedEvents, symbol.substr(prefix.size())) != kTracedEvents.end();
  });
}

std::string_view without_noprof(std::string_view symbol) {
  constexpr std::string_view kNoprof = "_noprof";
  if (symbol.ends_with(kNoprof)) symbol.remove_suffix(kNoprof.size());
  return symbol;
}

// ".isra.0", ".cold", ".llvm.1234": where the last such suffix begins; npos: there is none.
std::size_t clone_suffix(std::string_view symbol) {
  constexpr auto kSuffixes =
      std::to_array<std::string_view>({".cold", ".constprop", ".isra", ".llvm", ".localalias", ".lto_priv", ".part"});
  std::size_t dot = symbol.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return std::string_view::npos;
  const std::string_view number = symbol.substr(dot + 1);
  if (!number.empty() && number.find_first_not_of("0123456789") == std::string_view::npos) {
    symbol = symbol.substr(0, dot);
    dot = symbol.rfind('.');
    if (dot == std::string_view::npos || dot == 0) return std::string_view::npos;
  }
  return std::ranges::find(kSuffixes, symbol.substr(dot)) != kSuffixes.end() ? dot : std::string_view::npos;
}

}  // namespace

std::string_view without_clone_suffix(std::string_view symbol) {
  for (std::size_t end = clone_suffix(symbol); end != std::string_view::npos; end = clone_suffix(symbol)) {
    symbol = symbol.substr(0, end);
  }
  return symbol;
}

bool is_allocator_function(std::string_view symbol) {
  const std::string_view name = without_clone_suffix(symbol);
  return std::ranges::binary_search(kAllocatorFunctions, without_noprof(name)) || is_tracing_frame(name);
}

const model::Frame* caller_of(const model::Site& site) {
  const model::Frame* named = nullptr;
  for (const model::Frame& frame : site.stack) {
    if (frame.symbol.empty()) continue;
    if (!is_allocator_function(frame.symbol)) return &frame;
    if (named == nullptr) named = &frame;
  }
  if (named != nullptr) return named;
  return site.stack.empty() ? nullptr : &site.stack.front();
}

}  // namespace leakscope::analysis::profile
