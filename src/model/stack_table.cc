#include "model/stack_table.h"

#include <algorithm>

namespace leakscope::model {
namespace {

constexpr std::size_t kFirstSlots = 1024;

// Two multiplications per frame; the finisher is that of MurmurHash3 (Appleby), whose constants mix all 64 bits.
std::uint64_t hash_of(std::span<const std::uint64_t> frames) {
  std::uint64_t hash = 0x9E37'79B9'7F4A'7C15 ^ frames.size();
  for (const std::uint64_t frame : frames) {
    hash = (hash ^ frame) * 0xFF51'AFD7'ED55'8CCD;
    hash ^= hash >> 32U;
  }
  hash *= 0xC4CE'B9FE'1A85'EC53;
  return hash ^ (hash >> 33U);
}

}  // namespace

StackTable::StackTable() : starts_(1, 0), slots_(kFirstSlots, kNoStack) {}

std::span<const std::uint64_t> StackTable::frames(StackId id) const {
  if (id >= size()) return {};
  return std::span(frames_).subspan(starts_[id], starts_[id + 1] - starts_[id]);
}

StackId StackTable::intern(std::span<const std::uint64_t> frames) {
  if (frames.empty()) return kNoStack;
  frames = frames.first(std::min(frames.size(), kMostFrames));
  const std::uint64_t hash = hash_of(frames);
  std::size_t slot = slot_of(frames, hash);
  if (slots_[slot] != kNoStack) return slots_[slot];
  if (size() == kMostStacks) {
    ++refused_;
    return kNoStack;
  }
  if ((size() + 1) * 2 > slots_.size()) {
    grow();
    slot = slot_of(frames, hash);
  }
  const auto id = static_cast<StackId>(size());
  frames_.insert(frames_.end(), frames.begin(), frames.end());
  starts_.push_back(frames_.size());
  hashes_.push_back(hash);
  slots_[slot] = id;
  return id;
}

void StackTable::grow() {
  slots_.assign(slots_.size() * 2, kNoStack);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t id = 0; id < hashes_.size(); ++id) {
    std::size_t slot = hashes_[id] & mask;
    while (slots_[slot] != kNoStack) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<StackId>(id);
  }
}

// Where the stack stands, or the free slot where it belongs.
std::size_t StackTable::slot_of(std::span<const std::uint64_t> frames, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash & mask;
  while (slots_[slot] != kNoStack) {
    const StackId id = slots_[slot];
    if (hashes_[id] == hash && std::ranges::equal(this->frames(id), frames)) break;
    slot = (slot + 1) & mask;
  }
  return slot;
}

}  // namespace leakscope::model
