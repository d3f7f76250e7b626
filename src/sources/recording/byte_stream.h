#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace leakscope::sources::recording {

/// Signed numbers with the sign in the lowest bit, so that small ones of either sign make short varints.
[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}
[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1U) ^ (~(value & 1U) + 1U));
}

/// How many bytes the varint of a number takes: 1 to 10.
[[nodiscard]] constexpr std::size_t varint_size(std::uint64_t value) {
  std::size_t size = 1;
  while (value >= 0x80) {
    value >>= 7U;
    ++size;
  }
  return size;
}

/// Appends numbers and strings to a buffer. Fixed-width numbers are little-endian; varints are LEB128.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(&out) {}

  void u8(std::uint8_t value) { out_->push_back(static_cast<char>(value)); }
  void u16(std::uint16_t value) { fixed(value, 2); }
  void u32(std::uint32_t value) { fixed(value, 4); }
  void u64(std::uint64_t value) { fixed(value, 8); }
  void varint(std::uint64_t value) {
    while (value >= 0x80) {
      u8(static_cast<std::uint8_t>(value | 0x80U));
      value >>= 7U;
    }
    u8(static_cast<std::uint8_t>(value));
  }
  void signed_varint(std::int64_t value) { varint(zigzag(value)); }
  /// A length and so many bytes.
  void bytes(std::string_view value) {
    varint(value.size());
    out_->append(value);
  }

 private:
  void fixed(std::uint64_t value, int width) {
    for (int i = 0; i < width; ++i) u8(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  std::string* out_;
};

/// Takes numbers and strings from a piece of foreign bytes, never beyond its end: nothing when they do not fit, and
/// nothing from then on.
class ByteCursor {
 public:
  explicit ByteCursor(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] std::optional<std::uint8_t> u8() {
    if (rest_.empty()) return std::nullopt;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  [[nodiscard]] std::optional<std::uint64_t> fixed(std::size_t width) {
    if (rest_.size() < width) return stop();
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      value |= std::uint64_t{static_cast<std::uint8_t>(rest_[i])} << (8 * i);
    }
    rest_.remove_prefix(width);
    return value;
  }
  [[nodiscard]] std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < rest_.size() && i < 10; ++i) {
      const auto byte = static_cast<std::uint8_t>(rest_[i]);
      if (i == 9 && byte > 1) break;
      value |= std::uint64_t{byte & 0x7FU} << (7 * i);
      if (byte < 0x80) {
        rest_.remove_prefix(i + 1);
        return value;
      }
    }
    return stop();
  }
  /// A varint of at most `limit`: counts, lengths and indices of foreign bytes are bounded before they are used.
  [[nodiscard]] std::optional<std::uint64_t> varint_up_to(std::uint64_t limit) {
    const auto value = varint();
    if (!value || *value > limit) return stop();
    return value;
  }
  [[nodiscard]] std::optional<std::int64_t> signed_varint() {
    const auto value = varint();
    if (!value) return std::nullopt;
    return unzigzag(*value);
  }
  /// What ByteWriter::bytes wrote.
  [[nodiscard]] std::optional<std::string_view> bytes() {
    const auto size = varint_up_to(rest_.size());
    if (!size) return std::nullopt;
    return take(*size);
  }
  [[nodiscard]] std::optional<std::string_view> take(std::uint64_t size) {
    if (size > rest_.size()) {
      rest_ = {};
      return std::nullopt;
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::optional<std::uint64_t> stop() {
    rest_ = {};
    return std::nullopt;
  }
  std::string_view rest_;
};

}  // namespace leakscope::sources::recording
