#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "analysis/matching/live_table.h"

namespace leakscope::analysis::matching {

/// Live blocks of pages, each 2^order pages at an address that is a multiple of its size (mm/page_alloc.c: the buddy
/// system knows no others). Blocks never overlap, and a range is cleared whatever blocks it lies in or covers:
/// split_page() and alloc_pages_exact() make single pages out of a block without an event, so it is freed in pieces, by
/// different orders, or not at all before it is handed out anew.
///
/// A block of which a part goes is cut in halves, as the buddy system does, until one of them is that part. All pieces
/// of it share a Split record, which tells when the last has gone: the block counts as one object until then.
///
/// Most frees of pages are of pages that nobody follows (a process's). Two small counters spare looking for a block
/// around each: how many live blocks begin in each 2 MiB, and how many there are of each order.
class PageBlocks {
 public:
  static constexpr unsigned kMostOrder = 13;  // MAX_PAGE_ORDER is 10, and 13 on arm64 with pages of 64 KiB

  /// What was taken out of a block.
  struct Piece {
    std::uint32_t site;
    std::uint64_t bytes;
    bool is_doubled;
    bool is_last;  ///< nothing of its block is left
  };

  struct Range {
    std::uint64_t address;
    unsigned order;
  };

  /// The page size is learnt from the first allocation: 4 KiB until then, when there is nothing to be found yet.
  void learn_page_size(std::uint64_t bytes, unsigned order);
  [[nodiscard]] std::uint64_t page_size() const { return std::uint64_t{1} << shift_; }
  [[nodiscard]] unsigned page_shift() const { return shift_; }
  /// As the buddy system would have it: aligned, its order cut to what its address and kMostOrder allow.
  [[nodiscard]] Range sane(std::uint64_t address, unsigned order) const;
  /// Equal for a block and every piece of it, so that sampling by it keeps or drops them together: 32 MiB are one.
  [[nodiscard]] std::uint64_t sampling_hash(std::uint64_t address) const {
    return mixed((address >> (shift_ + kMostOrder)) + kSalt);  // mixed(0) is 0: the first would always be followed
  }

  /// Takes out all of the range, and tells what that was (valid until the next call).
  [[nodiscard]] const std::vector<Piece>& clear(Range range);
  /// A new block where the range was cleared before. `object` has the other fields.
  void add(Range range, const LiveObject& object);
  /// The block, or piece of one, that the page at the address lies in.
  [[nodiscard]] LiveObject* covering(std::uint64_t address);
  [[nodiscard]] Range range_of(const LiveObject& object) const {
    return {object.address, static_cast<unsigned>(object.order)};
  }

  /// Takes out the blocks that `leaves` is true of, telling each to `gone`.
  template <class Predicate, class Gone>
  void erase_if(Predicate leaves, Gone gone) {
    table_.erase_if([&](const LiveObject& object) {
      if (!leaves(object)) return false;
      discount(object);
      gone(take(object, static_cast<unsigned>(object.order)));
      return true;
    });
  }

  void prefetch(std::uint64_t hash) const { table_.prefetch(hash); }
  [[nodiscard]] std::size_t size() const { return table_.size(); }
  /// Ends it: all blocks and pieces, with their tasks; of a block in pieces, all but one have `extra` set.
  [[nodiscard]] std::span<LiveObject> gather();

 private:
  static constexpr std::uint64_t kSalt = 0x9E37'79B9'7F4A'7C15;
  static constexpr unsigned kRegionOrder = 9;
  static constexpr std::size_t kRegions = std::size_t{1} << 16U;

  struct Split {
    Pid tid;  // of the allocation: in the pieces, this record's number stands in its place
    std::uint32_t pages_left = 0;
    bool is_counted = false;
  };

  [[nodiscard]] std::uint64_t bytes_of(unsigned order) const { return std::uint64_t{1} << (shift_ + order); }
  [[nodiscard]] std::uint32_t& region(std::uint64_t address) {
    return regions_[(address >> (shift_ + kRegionOrder)) % kRegions];
  }
  [[nodiscard]] bool may_be_covered(std::uint64_t address) { return region(address) != 0 || large_blocks_ != 0; }
  void insert(Range range, const LiveObject& object);
  void discount(const LiveObject& object);
  Piece take(const LiveObject& object, unsigned order);
  void cut(const LiveObject& block, Range range);
  void sweep(Range range);
  [[nodiscard]] std::uint32_t new_split(const LiveObject& block);

  LiveTable table_;
  unsigned shift_ = 12;
  bool is_size_known_ = false;
  std::array<std::size_t, kMostOrder + 1> by_order_{};
  std::size_t large_blocks_ = 0;  // longer than a region
  std::vector<std::uint32_t> regions_ = std::vector<std::uint32_t>(kRegions);
  std::vector<Split> splits_;
  std::vector<std::uint32_t> free_splits_;
  std::vector<Piece> pieces_;
};

}  // namespace leakscope::analysis::matching
