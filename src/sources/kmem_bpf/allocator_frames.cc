#include "sources/kmem_bpf/allocator_frames.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace leakscope::sources::kmem_bpf {
namespace {

constexpr std::size_t kMostTracingFrames = 8;
constexpr std::size_t kMostAllocatorFrames = 16;

// "__alloc_pages_noprof", "alloc_vmap_area.constprop.0" and "__alloc_pages" are one function to us. The suffix _noprof
// came with allocation profiling (6.10).
std::string_view plain(std::string_view name) {
  name = name.substr(0, name.find('.'));
  constexpr std::string_view kSuffix = "_noprof";
  if (name.ends_with(kSuffix)) name.remove_suffix(kSuffix.size());
  return name;
}

std::string_view name_of(std::uint64_t address, const model::KernelSymbols& symbols) {
  // A return address is behind the call: of a call at the very end of a function it is already the next one's.
  const auto found = address == 0 ? std::nullopt : symbols.find(address - 1);
  return found ? plain(found->name) : std::string_view{};
}

bool is_tracing(std::string_view name) {
  return name.starts_with("bpf_prog_") || name.starts_with("bpf_trampoline_") || name.starts_with("bpf_trace_run") ||
         name.starts_with("__bpf_trace_") || name.starts_with("__traceiter_") || name.starts_with("__bpf_prog_");
}

template <std::size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::ranges::find(names, name) != names.end();
}

// mm/page_alloc.c, mm/mempolicy.c, mm/percpu.c, mm/vmalloc.c, mm/util.c of 5.10 to 7.2: what hands memory on to whoever
// asked, without being of interest itself.
bool is_allocator(std::string_view name) {
  static constexpr std::array<std::string_view, 50> kNames = {"__alloc_pages",
                                                              "__alloc_pages_nodemask",
                                                              "alloc_pages",
                                                              "alloc_pages_mpol",
                                                              "alloc_pages_vma",
                                                              "vma_alloc_folio",
                                                              "alloc_pages_current",
                                                              "__alloc_frozen_pages",
                                                              "alloc_frozen_pages",
                                                              "__folio_alloc",
                                                              "folio_alloc",
                                                              "folio_alloc_mpol",
                                                              "__get_free_pages",
                                                              "get_free_pages",
                                                              "get_zeroed_page",
                                                              "__get_free_page",
                                                              "alloc_pages_exact",
                                                              "alloc_pages_exact_nid",
                                                              "make_alloc_exact",
                                                              "__alloc_pages_bulk",
                                                              "alloc_pages_bulk",
                                                              "alloc_pages_bulk_array_mempolicy",
                                                              "alloc_pages_bulk_mempolicy",
                                                              "alloc_page_interleave",
                                                              "alloc_pages_node",
                                                              "alloc_frozen_pages_nolock",
                                                              "__alloc_pages_slowpath",
                                                              "pcpu_alloc",
                                                              "__alloc_percpu",
                                                              "__alloc_percpu_gfp",
                                                              "__alloc_reserved_percpu",
                                                              "alloc_vmap_area",
                                                              "__get_vm_area_node",
                                                              "get_vm_area_caller",
                                                              "get_vm_area",
                                                              "__vmalloc_node_range",
                                                              "__vmalloc_node",
                                                              "__vmalloc",
                                                              "vmalloc",
                                                              "vzalloc",
                                                              "vmalloc_user",
                                                              "vmalloc_node",
                                                              "vzalloc_node",
                                                              "vmalloc_huge",
                                                              "vmalloc_huge_node",
                                                              "__vmalloc_array",
                                                              "vmalloc_array",
                                                              "kvmalloc_node",
                                                              "__kvmalloc_node",
                                                              "kmem_cache_alloc_bulk"};
  return is_one_of(name, kNames);
}

std::optional<PageUse> use_by(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kSlab = {
      "allocate_slab",  "new_slab",           "___slab_alloc",      "__slab_alloc",         "alloc_slab_page",
      "refill_objects", "kmalloc_large",      "kmalloc_large_node", "__kmalloc_large_node", "___kmalloc_large_node",
      "kmalloc_order",  "kmalloc_order_trace"};
  static constexpr std::array<std::string_view, 3> kPercpu = {"pcpu_alloc_pages", "pcpu_populate_chunk",
                                                              "pcpu_create_chunk"};
  if (is_one_of(name, kSlab)) return PageUse::kSlab;
  // 5.10 inlines __vmalloc_node_range() into some of these.
  if (name == "vm_area_alloc_pages" || name.starts_with("vmalloc") || name.starts_with("vzalloc") ||
      name.starts_with("__vmalloc")) {
    return PageUse::kVmalloc;
  }
  if (is_one_of(name, kPercpu)) return PageUse::kPercpu;
  return std::nullopt;
}

}  // namespace

std::size_t first_frame_of_caller(std::span<const std::uint64_t> frames, std::uint64_t call_site,
                                  const model::KernelSymbols& symbols) {
  if (call_site != 0) {
    const auto found = std::ranges::find(frames, call_site);
    if (found != frames.end()) return static_cast<std::size_t>(found - frames.begin());
  }
  // Programs and trampolines may have no symbol (net.core.bpf_jit_kallsyms), so the frames of tracing end at the last
  // one known to be one, and what follows up to a function of the allocator is of tracing too.
  std::size_t first = 0;
  for (std::size_t i = 0; i < std::min(frames.size(), kMostTracingFrames); ++i) {
    if (is_tracing(name_of(frames[i], symbols))) first = i + 1;
  }
  std::size_t caller = first;
  while (caller < std::min(frames.size(), first + kMostTracingFrames) &&
         !is_allocator(name_of(frames[caller], symbols))) {
    ++caller;
  }
  if (caller >= frames.size() || !is_allocator(name_of(frames[caller], symbols)))
    return first < frames.size() ? first : 0;
  while (caller < frames.size() && is_allocator(name_of(frames[caller], symbols))) ++caller;
  return caller < frames.size() ? caller : first;
}

PageUse page_use(std::span<const std::uint64_t> frames, const model::KernelSymbols& symbols) {
  const std::size_t looked_at = std::min(frames.size(), kMostTracingFrames + kMostAllocatorFrames);
  for (std::size_t i = 0; i < looked_at; ++i) {
    if (const auto use = use_by(name_of(frames[i], symbols))) return *use;
  }
  return PageUse::kOther;
}

}  // namespace leakscope::sources::kmem_bpf
