#include "render/pprof/protobuf.h"

namespace leakscope::render::pprof {
namespace {

constexpr std::uint32_t kVarint = 0;
constexpr std::uint32_t kLengthDelimited = 2;

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) out += static_cast<char>(0x80U | (value & 0x7FU));
  out += static_cast<char>(value);
}

}  // namespace

void Message::key(std::uint32_t field, std::uint32_t wire_type) { append_varint(out_, field << 3U | wire_type); }

void Message::integer(std::uint32_t field, std::uint64_t value) {
  if (value == 0) return;
  key(field, kVarint);
  append_varint(out_, value);
}

void Message::bytes(std::uint32_t field, std::string_view value) {
  key(field, kLengthDelimited);
  append_varint(out_, value.size());
  out_ += value;
}

void Message::packed(std::uint32_t field, std::span<const std::int64_t> values) {
  if (values.empty()) return;
  std::string body;
  for (const std::int64_t value : values) append_varint(body, static_cast<std::uint64_t>(value));
  bytes(field, body);
}

}  // namespace leakscope::render::pprof
