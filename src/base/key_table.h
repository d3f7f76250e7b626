#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace leakscope {

template <class Value>
struct KeyRow {
  std::string_view key;
  Value value;
};

/// A fixed set of names with a value each, hashed at compile time: for files of "name value" lines that are read every
/// second. A look-up costs a few nanoseconds whatever the number of rows; a key that stands twice does not compile.
///
///   constexpr KeyTable kKeys(std::to_array<KeyRow<Metric>>({{"MemTotal", Metric::kMeminfoMemTotal}, ...}));
template <class Value, std::size_t N>
class KeyTable {
 public:
  consteval explicit KeyTable(const std::array<KeyRow<Value>, N>& rows) : rows_(rows) {
    slots_.fill(kEmpty);
    for (std::size_t row = 0; row < N; ++row) {
      std::size_t slot = hash(rows_[row].key) & kMask;
      while (slots_[slot] != kEmpty) {
        if (rows_[slots_[slot]].key == rows_[row].key) throw "a key stands twice in a KeyTable";
        slot = (slot + 1) & kMask;
      }
      slots_[slot] = static_cast<std::uint16_t>(row);
    }
  }

  /// The number of the row with this key: 0 to size() - 1, in the order of the source text.
  [[nodiscard]] constexpr std::optional<std::size_t> find(std::string_view key) const {
    if (key.empty()) return std::nullopt;
    for (std::size_t slot = hash(key) & kMask; slots_[slot] != kEmpty; slot = (slot + 1) & kMask) {
      if (rows_[slots_[slot]].key == key) return slots_[slot];
    }
    return std::nullopt;
  }

  [[nodiscard]] constexpr const KeyRow<Value>& row(std::size_t number) const { return rows_[number]; }
  [[nodiscard]] static constexpr std::size_t size() { return N; }

 private:
  static constexpr std::uint16_t kEmpty = 0xffff;
  static_assert(N > 0 && N < kEmpty / 4);
  static constexpr std::size_t kSlots = std::bit_ceil(N * 4);
  static constexpr std::size_t kMask = kSlots - 1;

  // Four characters and the length tell the names of a kernel file apart well enough; reading all of them would cost
  // more than the rare second probe.
  static constexpr std::size_t hash(std::string_view key) {
    const auto at = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(key[i])); };
    const std::size_t size = key.size();
    std::size_t h = size;
    h = h * 131 + at(0);
    h = h * 131 + at(size / 2);
    h = h * 131 + at(size * 3 / 4);
    h = h * 131 + at(size - 1);
    return h ^ (h >> 11U);
  }

  std::array<KeyRow<Value>, N> rows_;
  std::array<std::uint16_t, kSlots> slots_{};
};

}  // namespace leakscope
