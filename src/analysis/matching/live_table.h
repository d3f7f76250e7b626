#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/process_id.h"
#include "model/kmem_event.h"

namespace leakscope::analysis::matching {

/// Every bit of the result depends on every bit of the value: the finisher of MurmurHash3. Sampling takes the low bits
/// and the tables take the high ones, so that a sample of addresses spreads over a table as all of them do.
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 33U)) * 0xFF51'AFD7'ED55'8CCD;
  value = (value ^ (value >> 33U)) * 0xC4CE'B9FE'1A85'EC53;
  return value ^ (value >> 33U);
}

/// One thing that is allocated and not yet freed. A trace may have millions of them, so it is 32 bytes.
struct LiveObject {
  static constexpr std::uint64_t kMostTime = (std::uint64_t{1} << 56U) - 1;   // two years in nanoseconds
  static constexpr std::uint64_t kMostBytes = (std::uint64_t{1} << 44U) - 1;  // 16 TiB
  static constexpr std::uint32_t kMostSites = (1U << 20U) - 1;                // the last means "no site", see doubled

  std::uint64_t address = 0;    ///< 0: this place of the table is free
  std::uint64_t time : 56 = 0;  ///< of its allocation, since the first event
  std::uint64_t order : 4 = 0;  ///< pages
  std::uint64_t split : 1 = 0;  ///< pages: what is left of a block that was freed in part; see PageBlocks
  std::uint64_t extra : 3 = 0;  ///< pages: at the end, a further piece of a block that was counted already
  std::uint64_t bytes : 44 = 0;
  std::uint64_t site : 20 = 0;
  model::NameId comm = model::kNoName;
  Pid tid;

  /// Its memory is that of another object (the page of a slab, of a large kmalloc): it is in no site.
  [[nodiscard]] bool doubled() const { return site == kMostSites; }
  void set_doubled() { site = kMostSites; }
};
static_assert(sizeof(LiveObject) == 32);

/// Live objects by address: open addressing in a power of two of places, linear probing, and deletion by shifting
/// back, so that the table never fills with marks of what is gone. It grows and does not shrink: its memory is that of
/// the most objects that were ever live at once. `hash` is always mixed(address).
class LiveTable {
 public:
  [[nodiscard]] LiveObject* find(std::uint64_t address, std::uint64_t hash) {
    if (size_ == 0) return nullptr;
    for (std::size_t place = home(hash);; place = (place + 1) & mask_) {
      if (places_[place].address == address) return &places_[place];
      if (places_[place].address == 0) return nullptr;
    }
  }

  struct Inserted {
    LiveObject* object;
    bool is_new;
  };
  /// The object at the address, or a new one there of which nothing but the address is set. Pointers to others are
  /// invalid after it.
  [[nodiscard]] Inserted find_or_insert(std::uint64_t address, std::uint64_t hash) {
    if (size_ >= most_) grow();
    for (std::size_t place = home(hash);; place = (place + 1) & mask_) {
      if (places_[place].address == address) return {&places_[place], false};
      if (places_[place].address == 0) {
        places_[place].address = address;
        ++size_;
        return {&places_[place], true};
      }
    }
  }

  /// Takes the object out. Pointers to others are invalid after it.
  void erase(LiveObject* object) {
    std::size_t hole = static_cast<std::size_t>(object - places_.data());
    for (std::size_t place = (hole + 1) & mask_; places_[place].address != 0; place = (place + 1) & mask_) {
      // What stands between its home and its place may move back into the hole, unless the hole lies before its home.
      const std::size_t from_home = (place - home(mixed(places_[place].address))) & mask_;
      if (from_home < ((place - hole) & mask_)) continue;
      places_[hole] = places_[place];
      hole = place;
    }
    places_[hole] = LiveObject{};
    --size_;
  }

  /// Takes out all that `leaves` is true of, which is asked once of each.
  template <class Predicate>
  void erase_if(Predicate leaves) {
    if (size_ == 0) return;
    // Begun behind a free place, no object is shifted back across the point where the walk began.
    std::size_t start = 0;
    while (places_[start].address != 0) ++start;
    for (std::size_t step = 1; step <= mask_;) {
      LiveObject& object = places_[(start + step) & mask_];
      if (object.address != 0 && leaves(object)) {
        erase(&object);  // another one may have come here: look at the same place again
      } else {
        ++step;
      }
    }
  }

  template <class Function>
  void for_each(Function function) {
    for (LiveObject& object : places_) {
      if (object.address != 0) function(object);
    }
  }

  void prefetch(std::uint64_t hash) const {
    if (size_ != 0) __builtin_prefetch(&places_[home(hash)]);
  }

  [[nodiscard]] std::size_t size() const { return size_; }

  /// Ends the table: all objects, moved together in no order. Nothing else may be called after it.
  [[nodiscard]] std::span<LiveObject> gather() {
    std::size_t count = 0;
    for (const LiveObject& object : places_) {
      if (object.address != 0) places_[count++] = object;
    }
    return std::span(places_).first(count);
  }

 private:
  static constexpr unsigned kFirstBits = 10;

  [[nodiscard]] std::size_t home(std::uint64_t hash) const { return static_cast<std::size_t>(hash >> shift_); }

  void grow() {
    const unsigned bits = places_.empty() ? kFirstBits : 64 - shift_ + 1;
    std::vector<LiveObject> old(std::size_t{1} << bits);
    old.swap(places_);
    shift_ = 64 - bits;
    mask_ = places_.size() - 1;
    most_ = places_.size() / 4 * 3;
    for (const LiveObject& object : old) {
      if (object.address == 0) continue;
      std::size_t place = home(mixed(object.address));
      while (places_[place].address != 0) place = (place + 1) & mask_;
      places_[place] = object;
    }
  }

  std::vector<LiveObject> places_;
  unsigned shift_ = 64;
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
  std::size_t most_ = 0;  // three quarters of the places
};

}  // namespace leakscope::analysis::matching
