#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "sources/process/smaps_rollup.h"

namespace leakscope::sources::process {

/// What a mapping is to its process.
enum class MappingKind : std::uint8_t {
  kHeap,       ///< [heap]: grown by brk
  kAnonymous,  ///< mmap without a file, also named ones ([anon:...]); malloc arenas, big blocks, JIT code
  kStack,      ///< [stack], and thread stacks by their name or by the guard below them
  kFile,
  kShared,  ///< shmem: /dev/shm, memfd, SysV segments, MAP_SHARED without a file (/dev/zero)
  kDevice,  ///< device and anonymous inode mappings (DRM, io_uring, perf rings)
  kHuge,    ///< hugetlb pages
  kKernel,  ///< [vdso], [vvar], [vsyscall], [uprobes]: the kernel's, in no RSS
};
inline constexpr std::size_t kMappingKindCount = static_cast<std::size_t>(MappingKind::kKernel) + 1;
/// "heap", "anonymous", "stack", "file", "shared", "device", "huge", "kernel".
[[nodiscard]] std::string_view to_string(MappingKind kind);

/// One mapping of /proc/PID/maps or /proc/PID/smaps (fs/proc/task_mmu.c show_map_vma; 4.4 to 6.18).
///   7fffc284b000-7fffc286c000 rw-p 00000000 00:00 0                          [stack]
struct Mapping {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  bool readable = false;
  bool writable = false;
  bool executable = false;
  bool shared = false;
  std::uint64_t offset = 0;
  std::uint64_t inode = 0;
  std::string_view path;  ///< a part of the parsed text; empty for nameless ones; newlines stand as \012
  MappingKind kind = MappingKind::kAnonymous;
  SmapsSums sums;  ///< empty for /proc/PID/maps

  [[nodiscard]] std::uint64_t size() const { return end - start; }
  [[nodiscard]] bool accessible() const { return readable || writable || executable; }
};

/// The mappings of a maps or smaps text, in its order, each with its kind. They refer to the text.
struct MappingTable {
  std::vector<Mapping> mappings;
  /// The first line that was not understood (skipped), or that the text ends within a line: what is there is good.
  std::optional<Error> damage;
};
[[nodiscard]] MappingTable parse_mappings(std::string_view text);

/// Mappings of one kind together.
struct MappingGroup {
  std::uint64_t count = 0;
  std::int64_t size = 0;
  // Sums over the mappings that tell; without a value when none does.
  std::optional<std::int64_t> rss;
  std::optional<std::int64_t> pss;
  std::optional<std::int64_t> uss;
  std::optional<std::int64_t> swap;
  std::optional<std::int64_t> anonymous;
  std::optional<std::int64_t> anon_huge;
};
using MappingGroups = std::array<MappingGroup, kMappingKindCount>;
[[nodiscard]] MappingGroups group_mappings(const std::vector<Mapping>& mappings);

/// Anonymous mappings that look like glibc's secondary arenas (malloc/arena.c new_heap): they begin at a multiple of
/// 64 MiB and fill it, a writable part followed by an inaccessible rest. Shape, not proof: other allocators may look
/// the same (Go's heap is known by its address and left out).
struct ArenaShapes {
  std::uint64_t count = 0;
  std::int64_t writable = 0;        ///< bytes that the arenas have made writable so far
  std::optional<std::int64_t> rss;  ///< resident part of these
};
[[nodiscard]] ArenaShapes find_arena_shapes(const std::vector<Mapping>& mappings);

}  // namespace leakscope::sources::process
