#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace leakscope::render::pprof {

/// Writes one message in the wire format of protocol buffers (https://protobuf.dev/programming-guides/encoding): a key
/// (field number and wire type) before each value, integers as varints, messages and strings with their length. A
/// field that has its default value is left out, as proto3 does.
class Message {
 public:
  void integer(std::uint32_t field, std::uint64_t value);
  /// Two's complement in 64 bits, as int64 has it: a negative value takes ten bytes.
  void integer(std::uint32_t field, std::int64_t value) { integer(field, static_cast<std::uint64_t>(value)); }
  void boolean(std::uint32_t field, bool value) { integer(field, std::uint64_t{value}); }
  /// Also when it is empty: the element of a repeated field counts.
  void bytes(std::uint32_t field, std::string_view value);
  void message(std::uint32_t field, const Message& value) { bytes(field, value.out_); }
  /// A repeated integer; zeros are kept, since places mean something.
  void packed(std::uint32_t field, std::span<const std::int64_t> values);

  [[nodiscard]] const std::string& written() const { return out_; }

 private:
  void key(std::uint32_t field, std::uint32_t wire_type);
  std::string out_;
};

}  // namespace leakscope::render::pprof
