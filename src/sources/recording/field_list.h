#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "sources/recording/byte_stream.h"

namespace leakscope::sources::recording {

/// A record that later versions may add to: pairs of a varint id and a sized value. Readers skip ids that they do not
/// know; what is missing is not known. Numbers are a zigzag varint within the value, figures with a fraction the eight
/// bytes of their IEEE 754 form.
class FieldWriter {
 public:
  explicit FieldWriter(std::string& out) : writer_(out) {}

  template <class Id>
  void text(Id id, std::string_view value) {
    writer_.varint(std::to_underlying(id));
    writer_.bytes(value);
  }
  template <class Id>
  void number(Id id, std::int64_t value) {
    value_.clear();
    ByteWriter(value_).signed_varint(value);
    text(id, value_);
  }
  /// Counters of 64 bits; readers take them back with RawField::count().
  template <class Id>
  void count(Id id, std::uint64_t value) {
    value_.clear();
    ByteWriter(value_).varint(value);
    text(id, value_);
  }

 private:
  ByteWriter writer_;
  std::string value_;
};

struct RawField {
  std::uint64_t id = 0;
  std::string_view value;

  [[nodiscard]] std::optional<std::int64_t> number() const { return ByteCursor(value).signed_varint(); }
  [[nodiscard]] std::optional<std::uint64_t> count() const { return ByteCursor(value).varint(); }
};

/// The next field; nothing when the bytes are broken. The caller asks the cursor whether it is at its end before.
[[nodiscard]] inline std::optional<RawField> take_field(ByteCursor& cursor) {
  const auto id = cursor.varint();
  const auto value = cursor.bytes();
  if (!id || !value) return std::nullopt;
  return RawField{*id, *value};
}

}  // namespace leakscope::sources::recording
