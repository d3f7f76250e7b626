#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace leakscope::sources::trace_text {

/// The events that tell of kernel memory. mm_page_free_batched and mm_page_alloc_zone_locked tell again what
/// mm_page_free and mm_page_alloc told: they are none of these.
enum class KmemKind : std::uint8_t {
  kKmalloc,  ///< and kmalloc_node (5.10)
  kCacheAlloc,
  kKfree,
  kCacheFree,
  kPageAlloc,
  kPageFree,
  kPercpuAlloc,
  kPercpuFree,
};
inline constexpr std::size_t kKmemKinds = 8;

[[nodiscard]] std::optional<KmemKind> kmem_kind(std::string_view event);

/// The fields of such an event, as it prints them:
///   call_site=seq_open+0x2a/0x60 [mod] ptr=000000009c21dd23 name=seq_file bytes_req=120 bytes_alloc=120 gfp_flags=...
///   page=000000000e1d5d83 pfn=0x308afe order=0 migratetype=0 gfp_flags=GFP_KERNEL         (pfn=1234 up to 5.10)
///   call_site=mm_init+0x2e7/0x4f0 reserved=0 is_atomic=0 size=16 align=8 base_addr=... off=112824 ptr=...
///   bytes_alloc=64
/// trace-cmd puts "(seq_open+0x2a)" before it. Sources: include/trace/events/kmem.h, percpu.h, 5.10 to 7.2.
struct KmemLine {
  KmemKind kind = KmemKind::kKmalloc;
  std::string_view call_site = {};  ///< as it stands there; empty: none
  std::string_view cache = {};
  std::uint64_t pointer = 0;    ///< object or per-CPU pointer; 0: a failed allocation, or kfree(NULL)
  std::uint64_t pfn = 0;        ///< of pages; 0: a failed allocation
  bool pointer_hidden = false;  ///< "(____ptrval____)"
  bool pointer_hashed = false;  ///< printed by %p, which keeps 32 bits of a hash
  std::uint64_t bytes_requested = 0;
  std::uint64_t bytes_allocated = 0;  ///< 0: not told (per-CPU memory before 5.19)
  std::uint8_t order = 0;
  bool for_user_pages = false;
};

/// Nothing when a field that must be there is not, or makes no sense.
[[nodiscard]] std::optional<KmemLine> parse_kmem_line(KmemKind kind, std::string_view details);

}  // namespace leakscope::sources::trace_text
