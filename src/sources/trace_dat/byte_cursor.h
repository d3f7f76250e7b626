#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "sources/event_format.h"
#include "sources/trace_dat/dat_file.h"

namespace leakscope::sources::trace_dat {

/// Reads numbers and texts one after the other, from memory or straight from a file, and never beyond the end. Lengths
/// come from the input, so each is checked against what is left before memory is taken for it.
class ByteCursor {
 public:
  ByteCursor(std::span<const std::byte> bytes, ByteOrder order) : bytes_(bytes), order_(order) {}
  ByteCursor(const DatFile& file, std::uint64_t offset, ByteOrder order) : file_(&file), at_(offset), order_(order) {}

  /// Valid until the next call.
  [[nodiscard]] std::optional<std::span<const std::byte>> take(std::uint64_t length);
  [[nodiscard]] std::optional<std::string_view> take_text(std::uint64_t length);
  /// Up to a 0, which is taken as well and not given; none longer than 4096 bytes.
  [[nodiscard]] std::optional<std::string_view> take_string();
  template <std::unsigned_integral T>
  [[nodiscard]] std::optional<T> take_number();

  [[nodiscard]] std::uint64_t at() const { return at_; }
  [[nodiscard]] std::uint64_t left() const { return end() > at_ ? end() - at_ : 0; }

 private:
  [[nodiscard]] std::uint64_t end() const { return file_ != nullptr ? file_->size() : bytes_.size(); }

  std::span<const std::byte> bytes_;
  const DatFile* file_ = nullptr;
  std::uint64_t at_ = 0;
  ByteOrder order_;
  std::vector<std::byte> buffer_;
};

extern template std::optional<std::uint16_t> ByteCursor::take_number<std::uint16_t>();
extern template std::optional<std::uint32_t> ByteCursor::take_number<std::uint32_t>();
extern template std::optional<std::uint64_t> ByteCursor::take_number<std::uint64_t>();

}  // namespace leakscope::sources::trace_dat
