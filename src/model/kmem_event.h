#pragma once

#include <cstdint>
#include <string_view>

#include "base/process_id.h"

namespace leakscope::model {

/// What hands kernel memory out. Addresses are unique within one of them: a page's address (its frame number times the
/// page size) says nothing about slab objects, and a per-CPU address is none of memory at all.
enum class Allocator : std::uint8_t {
  kSlab,     ///< kmalloc, kmem_cache_alloc: one space, since kfree() takes objects of caches as well
  kPages,    ///< mm_page_alloc; `address` is pfn * page size
  kPercpu,   ///< percpu_alloc_percpu; `address` is the per-CPU pointer, sizes are of all CPUs together
  kVmalloc,  ///< vmalloc areas
};
/// The words of the JSON.
[[nodiscard]] constexpr std::string_view to_string(Allocator allocator) {
  switch (allocator) {
    case Allocator::kSlab:
      return "slab";
    case Allocator::kPages:
      return "pages";
    case Allocator::kPercpu:
      return "percpu";
    case Allocator::kVmalloc:
      break;
  }
  return "vmalloc";
}

/// Index into the StackTable of the trace; kNoStack: none was recorded.
using StackId = std::uint32_t;
inline constexpr StackId kNoStack = 0xFFFF'FFFF;
/// Index into the names of the trace (slab caches, commands); kNoName: not known.
using NameId = std::uint32_t;
inline constexpr NameId kNoName = 0xFFFF'FFFF;

/// One allocation or free of kernel memory, as a tracepoint tells it. Small and plain: a trace has millions of them.
/// Sources: include/trace/events/kmem.h and percpu.h of 5.10 to 7.2.
struct KmemEvent {
  std::uint64_t time = 0;     ///< nanoseconds of the trace's clock; never earlier than the event before
  std::uint64_t address = 0;  ///< see Allocator; never 0: a failed allocation is no event
  /// Address of the code that asked, the tracepoint's own field; 0: the tracepoint has none (pages). Text traces that
  /// tell functions only have addresses of their own below 2^63, which their symbols know.
  std::uint64_t call_site = 0;
  std::uint64_t bytes_requested = 0;  ///< 0 for frees
  std::uint64_t bytes_allocated = 0;  ///< what the allocator took for it; pages: page size << order
  StackId stack = kNoStack;
  NameId cache = kNoName;  ///< of kmem_cache_alloc from 6.18 on, of kmem_cache_free from 5.12 on
  NameId comm = kNoName;   ///< of the task that was running
  Pid tid = {};            ///< of the task that was running; 0: the idle task, or not known
  std::uint16_t cpu = 0;
  Allocator allocator = Allocator::kSlab;
  bool is_free = false;
  std::uint8_t order = 0;       ///< pages, both ways
  bool for_user_pages = false;  ///< pages: movable by its gfp flags, so of a process, the page cache or alike
};

}  // namespace leakscope::model
