#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.h"

namespace leakscope::sources::heap {

/// Memory of somebody else, or a copy of it.
class MemoryReader {
 public:
  MemoryReader() = default;
  MemoryReader(const MemoryReader&) = delete;
  MemoryReader& operator=(const MemoryReader&) = delete;
  virtual ~MemoryReader() = default;
  /// Fills all of `out`, or gives false: a part of it is not in RAM, or may not be read. Never makes a page present.
  [[nodiscard]] virtual bool read(std::uint64_t address, std::span<std::byte> out) = 0;
};

/// The [heap] of /proc/PID/maps.
struct HeapRange {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
};

/// What the chunks of glibc's main heap add up to. A chunk is a block with its header: malloc(n) takes
/// max(32, n + 8 rounded up to 16) bytes, so a chunk of 80 bytes serves requests of 57 to 72.
struct HeapInUse {
  std::uint64_t bytes = 0;         ///< of chunks in use, headers included
  std::uint64_t blocks = 0;        ///< chunks in use
  std::uint64_t cached_bytes = 0;  ///< freed, and kept by the threads' caches (tcache): not in `bytes`
  std::uint64_t cached_blocks = 0;
  std::uint64_t free_bytes = 0;  ///< free chunks and the top chunk
  friend bool operator==(const HeapInUse&, const HeapInUse&) = default;
};

/// Walks the chunks of a heap that brk() made, as glibc lays it out on 64-bit machines (malloc/malloc.c, struct
/// malloc_chunk: size with three flag bits at offset 8; seen in 2.31 to 2.41): from its first byte, each chunk by its
/// size, to the top chunk, which must end exactly where the heap does. A chunk is in use when the one behind it says
/// so (PREV_INUSE). Freed chunks in a thread's cache say they are in use too: the caches are recognised by their shape,
/// their lists followed, and what hangs there is taken out. Freed chunks in fastbins (up to 128 bytes, once a cache
/// holds seven of the size) count as in use; they are bounded, and do not grow with each round of a load.
///
/// kMalformed: this is no such heap (another allocator, a program that calls sbrk() itself, a static program whose
/// thread data stands at the start), or it changed while it was read. kGone: a header is not in RAM (swapped out).
[[nodiscard]] Result<HeapInUse> walk_main_heap(HeapRange range, MemoryReader& memory);

}  // namespace leakscope::sources::heap
