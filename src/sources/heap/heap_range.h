#pragma once

#include <optional>
#include <string_view>

#include "sources/heap/main_heap.h"

namespace leakscope::sources::heap {

/// What /proc/PID/maps says of a process's heaps.
struct HeapMappings {
  std::optional<HeapRange> main;  ///< [heap], its pieces put together; nothing when it has none, or has a hole
  std::size_t arenas = 0;         ///< glibc's heaps of threads, by their shape: 64 MiB aligned, nameless, writable
};

/// "5624d6ac4000-5624d6ae5000 rw-p 00000000 00:00 0      [heap]" (fs/proc/task_mmu.c, show_map_vma). Lines of another
/// form are skipped.
[[nodiscard]] HeapMappings find_heaps(std::string_view maps);

}  // namespace leakscope::sources::heap
