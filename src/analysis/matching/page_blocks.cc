#include "analysis/matching/page_blocks.h"

#include <algorithm>
#include <bit>

namespace leakscope::analysis::matching {

void PageBlocks::learn_page_size(std::uint64_t bytes, unsigned order) {
  if (is_size_known_ || order > kMostOrder) return;
  const std::uint64_t size = bytes >> order;
  if (!std::has_single_bit(size) || size < 4096 || size > (1U << 20U)) return;
  shift_ = static_cast<unsigned>(std::countr_zero(size));
  is_size_known_ = true;
}

PageBlocks::Range PageBlocks::sane(std::uint64_t address, unsigned order) const {
  address = address >> shift_ << shift_;
  const auto aligned = static_cast<unsigned>(std::countr_zero(address >> shift_));
  return {address, std::min({order, aligned, kMostOrder})};
}

void PageBlocks::insert(Range range, const LiveObject& object) {
  LiveObject& block = *table_.find_or_insert(range.address, mixed(range.address)).object;
  block = object;
  block.address = range.address;
  block.order = range.order & 15U;
  block.bytes = bytes_of(range.order) & LiveObject::kMostBytes;
  ++by_order_[range.order];
  ++region(range.address);
  if (range.order > kRegionOrder) ++large_blocks_;
}

void PageBlocks::add(Range range, const LiveObject& object) {
  // The first allocation fixes the page size, also when its own words did not tell it.
  is_size_known_ = true;
  insert(range, object);
}

void PageBlocks::discount(const LiveObject& object) {
  --by_order_[object.order];
  --region(object.address);
  if (object.order > kRegionOrder) --large_blocks_;
}

LiveObject* PageBlocks::covering(std::uint64_t address) {
  if (table_.size() == 0 || !may_be_covered(address)) return nullptr;
  if (LiveObject* block = table_.find(address, mixed(address))) return block;
  for (unsigned order = 1; order <= kMostOrder; ++order) {
    if (by_order_[order] == 0) continue;
    const std::uint64_t head = address & ~(bytes_of(order) - 1);
    if (head == address) continue;
    LiveObject* block = table_.find(head, mixed(head));
    if (block != nullptr && block->order >= order) return block;
  }
  return nullptr;
}

const std::vector<PageBlocks::Piece>& PageBlocks::clear(Range range) {
  pieces_.clear();
  if (table_.size() == 0) return pieces_;
  if (LiveObject* block = covering(range.address); block != nullptr && block->order >= range.order) {
    const LiveObject copy = *block;
    discount(copy);
    table_.erase(block);
    cut(copy, range);
  } else if (range.order > 0) {
    sweep(range);
  }
  return pieces_;
}

// Of a block that is out of the table already: puts back what does not belong to the range.
void PageBlocks::cut(const LiveObject& block, Range range) {
  LiveObject rest = block;
  if (block.order > range.order && block.split == 0) {
    rest.tid = Pid{static_cast<std::int32_t>(new_split(block))};
    rest.split = 1;
  }
  std::uint64_t head = block.address;
  for (auto order = static_cast<unsigned>(block.order); order > range.order;) {
    --order;
    const std::uint64_t upper = head + bytes_of(order);
    const bool in_upper = range.address >= upper;
    insert({in_upper ? head : upper, order}, rest);
    if (in_upper) head = upper;
  }
  pieces_.push_back(take(rest, range.order));
}

// All blocks that begin in the range: none reaches beyond it, since each is aligned to its size.
void PageBlocks::sweep(Range range) {
  const std::uint64_t end = range.address + bytes_of(range.order);
  std::uint64_t address = range.address;
  while (address != end) {
    const std::uint64_t region_bytes = bytes_of(kRegionOrder);
    if (region(address) == 0) {
      const std::uint64_t next = (address & ~(region_bytes - 1)) + region_bytes;
      if (next >= end || next < address) return;
      address = next;
      continue;
    }
    LiveObject* block = table_.find(address, mixed(address));
    if (block == nullptr) {
      address += page_size();
      continue;
    }
    const LiveObject copy = *block;
    discount(copy);
    table_.erase(block);
    pieces_.push_back(take(copy, static_cast<unsigned>(copy.order)));
    address += bytes_of(static_cast<unsigned>(copy.order));
  }
}

PageBlocks::Piece PageBlocks::take(const LiveObject& object, unsigned order) {
  Piece piece{static_cast<std::uint32_t>(object.site), bytes_of(order), object.doubled(), true};
  if (object.split != 0) {
    const auto number = static_cast<std::uint32_t>(object.tid.value);
    splits_[number].pages_left -= 1U << order;
    piece.is_last = splits_[number].pages_left == 0;
    if (piece.is_last) free_splits_.push_back(number);
  }
  return piece;
}

std::uint32_t PageBlocks::new_split(const LiveObject& block) {
  if (free_splits_.empty()) {
    free_splits_.push_back(static_cast<std::uint32_t>(splits_.size()));
    splits_.emplace_back();
  }
  const std::uint32_t number = free_splits_.back();
  free_splits_.pop_back();
  splits_[number] = {block.tid, 1U << static_cast<unsigned>(block.order), false};
  return number;
}

std::span<LiveObject> PageBlocks::gather() {
  const std::span<LiveObject> all = table_.gather();
  for (LiveObject& object : all) {
    if (object.split == 0) continue;
    Split& split = splits_[static_cast<std::uint32_t>(object.tid.value)];
    object.tid = split.tid;
    object.extra = split.is_counted ? 1 : 0;
    split.is_counted = true;
  }
  return all;
}

}  // namespace leakscope::analysis::matching
