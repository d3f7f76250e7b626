#include "sources/trace_dat/byte_cursor.h"

#include <algorithm>

#include "sources/wire_number.h"

namespace leakscope::sources::trace_dat {
namespace {

// The largest text is kallsyms: 15 MB in a kernel with all symbols.
constexpr std::uint64_t kLargestPiece = std::uint64_t{256} << 20U;
constexpr std::uint64_t kLongestString = 4096;

}  // namespace

std::optional<std::span<const std::byte>> ByteCursor::take(std::uint64_t length) {
  if (length > left() || length > kLargestPiece) return std::nullopt;
  const auto size = static_cast<std::size_t>(length);
  const std::uint64_t from = at_;
  at_ += length;
  if (file_ == nullptr) return bytes_.subspan(static_cast<std::size_t>(from), size);
  buffer_.resize(size);
  const auto got = file_->read_at(from, buffer_);
  if (!got || *got != size) return std::nullopt;
  return buffer_;
}

std::optional<std::string_view> ByteCursor::take_text(std::uint64_t length) {
  const auto bytes = take(length);
  if (!bytes) return std::nullopt;
  return std::string_view(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

std::optional<std::string_view> ByteCursor::take_string() {
  const std::uint64_t from = at_;
  const auto text = take_text(std::min(left(), kLongestString));
  if (!text) return std::nullopt;
  const std::size_t end = text->find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  at_ = from + end + 1;
  return text->substr(0, end);
}

template <std::unsigned_integral T>
std::optional<T> ByteCursor::take_number() {
  const auto bytes = take(sizeof(T));
  if (!bytes) return std::nullopt;
  return load_number<T>(bytes->data(), order_);
}

template std::optional<std::uint16_t> ByteCursor::take_number<std::uint16_t>();
template std::optional<std::uint32_t> ByteCursor::take_number<std::uint32_t>();
template std::optional<std::uint64_t> ByteCursor::take_number<std::uint64_t>();

}  // namespace leakscope::sources::trace_dat
