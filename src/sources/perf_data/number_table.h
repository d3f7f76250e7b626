#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace leakscope::sources::perf_data {

/// From numbers that somebody else chose (event ids, thread ids) to small ones. Asked once per event, so without
/// allocation there: open addressing, half full at most.
class NumberTable {
 public:
  static constexpr std::size_t kMost = std::size_t{1} << 20U;

  /// The later value wins. False, and nothing kept, when kMost numbers are there.
  bool set(std::uint64_t number, std::uint32_t value);
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t number) const {
    if (slots_.empty()) return std::nullopt;
    const Slot& slot = slots_[place_of(number)];
    if (!slot.used) return std::nullopt;
    return slot.value;
  }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::uint64_t number = 0;
    std::uint32_t value = 0;
    bool used = false;
  };
  [[nodiscard]] std::size_t place_of(std::uint64_t number) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t place = static_cast<std::size_t>((number * 0x9E37'79B9'7F4A'7C15U) >> 32U) & mask;
    while (slots_[place].used && slots_[place].number != number) place = (place + 1) & mask;
    return place;
  }
  void grow();

  std::vector<Slot> slots_;  // a power of two
  std::size_t size_ = 0;
};

}  // namespace leakscope::sources::perf_data
