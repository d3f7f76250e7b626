#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/kmem_event.h"

namespace leakscope::analysis::matching {

/// How far the kernel's pointers to memory lie above the physical addresses that page events tell (PAGE_OFFSET of
/// x86-64, which is random by 1 GiB; PAGE_OFFSET less PHYS_OFFSET on arm64). One number for all of kmalloc's memory,
/// but no trace tells it, so it is learnt from pairs of events:
///
/// - kmalloc of more than two pages takes its pages from the page allocator (mm/slub.c, ___kmalloc_large_node()), which
///   tells of them just before, in the same task: the pointer less the pages' address is the number.
/// - an object of a slab that was made for it lies in the pages that the same task was given just before. The pointer
///   less their address is the number, plus where in them the object lies. The number being whole GiB, rounding down
///   gives it, and what is rounded off must be less than the pages' size: by chance that is so once in 2^15 times.
///
/// It is taken for known when four pairs agree. Hashed pointers (text traces) never do.
class DirectMap {
 public:
  /// `bytes` is its size.
  void pages_allocated(const model::KmemEvent& event, std::uint64_t bytes);
  /// A slab object or a large kmalloc. The pages that it was given, when it is a large kmalloc and these were seen.
  std::optional<std::uint64_t> object_allocated(const model::KmemEvent& event, std::uint64_t page_size);
  /// Events were lost: what comes next need not belong to what came before.
  void forget_recent() { recent_.clear(); }

  [[nodiscard]] std::optional<std::uint64_t> offset() const { return offset_; }

 private:
  struct Recent {
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;  // 0: none, or used
    std::uint64_t time = 0;
    Pid tid;
  };
  // A slab refill may be interrupted, and interrupts allocate under the number of the task that they interrupt.
  struct Cpu {
    std::array<Recent, 4> pages{};
    std::size_t next = 0;
  };
  struct Candidate {
    std::uint64_t offset = 0;
    unsigned votes = 0;
  };

  void vote(std::uint64_t offset);

  std::vector<Cpu> recent_;
  std::array<Candidate, 4> candidates_{};
  std::optional<std::uint64_t> offset_;
};

}  // namespace leakscope::analysis::matching
