#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "sources/event_format.h"

namespace leakscope::sources::perf_data {

/// The number at `at`, which the caller knows to be there; it need not be aligned.
template <std::unsigned_integral T>
[[nodiscard]] inline T load(const std::byte* at, ByteOrder order) {
  T value;
  std::memcpy(&value, at, sizeof value);
  constexpr bool kBigHere = std::endian::native == std::endian::big;
  return (order == ByteOrder::kBig) == kBigHere ? value : std::byteswap(value);
}

[[nodiscard]] inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Walks over bytes of a file; never beyond their end.
class ByteCursor {
 public:
  ByteCursor(std::span<const std::byte> bytes, ByteOrder order) : rest_(bytes), order_(order) {}

  /// Nothing, and nothing taken, when fewer bytes are left.
  template <std::unsigned_integral T>
  [[nodiscard]] std::optional<T> take() {
    if (rest_.size() < sizeof(T)) return std::nullopt;
    const T value = load<T>(rest_.data(), order_);
    rest_ = rest_.subspan(sizeof(T));
    return value;
  }
  [[nodiscard]] std::optional<std::span<const std::byte>> take_bytes(std::uint64_t count) {
    if (rest_.size() < count) return std::nullopt;
    const auto taken = rest_.first(static_cast<std::size_t>(count));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  /// Up to a NUL, which is taken as well; nothing when there is none.
  [[nodiscard]] std::optional<std::string_view> take_string() {
    const std::string_view text = as_text(rest_);
    const std::size_t end = text.find('\0');
    if (end == std::string_view::npos) return std::nullopt;
    rest_ = rest_.subspan(end + 1);
    return text.substr(0, end);
  }

  [[nodiscard]] std::span<const std::byte> rest() const { return rest_; }
  [[nodiscard]] ByteOrder order() const { return order_; }
  void set_order(ByteOrder order) { order_ = order; }

 private:
  std::span<const std::byte> rest_;
  ByteOrder order_;
};

}  // namespace leakscope::sources::perf_data
