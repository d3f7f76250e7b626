#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "model/kernel_symbols.h"
#include "model/kmem_event.h"

namespace leakscope::sources::kmem_bpf {

/// Where in a stack (innermost first) the code begins that asked for the memory: after the frames of tracing and of the
/// allocator. By `call_site`, which the event told, when it is in the stack; else by the names of functions (0: all is
/// kept, since nothing is known).
[[nodiscard]] std::size_t first_frame_of_caller(std::span<const std::uint64_t> frames, std::uint64_t call_site,
                                                const model::KernelSymbols& symbols);

/// What a page or an area was taken for, by the functions in its stack.
enum class PageUse : std::uint8_t {
  kOther,
  kSlab,     ///< for a slab, or a kmalloc above two pages: told by slab events as well
  kVmalloc,  ///< the pages of an area, or an area that has pages of its own
  kPercpu,   ///< a chunk of per-CPU memory
};
[[nodiscard]] PageUse page_use(std::span<const std::uint64_t> frames, const model::KernelSymbols& symbols);

}  // namespace leakscope::sources::kmem_bpf
