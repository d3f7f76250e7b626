#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "sources/perf_data/byte_cursor.h"
#include "sources/perf_data/format.h"

namespace leakscope::sources::perf_data {

/// One record; `body` is what follows its header, and lives until the buffer is filled again.
struct Record {
  RecordType type{};
  std::uint16_t misc = 0;
  std::span<const std::byte> body{};
};

/// A piece of the stream of records: filled at its end, taken from at its beginning. Holds any whole record.
class RecordBuffer {
 public:
  explicit RecordBuffer(std::size_t size) : bytes_(std::max(size, 2 * kLongestRecord)) {}

  /// Nothing when the next record is not there as a whole, or is none (is_broken()).
  [[nodiscard]] std::optional<Record> take(ByteOrder order) {
    const std::size_t left = end_ - begin_;
    if (left < kRecordHeaderSize) return std::nullopt;
    const std::byte* at = bytes_.data() + begin_;
    const std::size_t size = load<std::uint16_t>(at + 6, order);
    if (size < kRecordHeaderSize) broken_ = true;
    if (broken_ || size > left) return std::nullopt;
    begin_ += size;
    return Record{static_cast<RecordType>(load<std::uint32_t>(at, order)), load<std::uint16_t>(at + 4, order),
                  std::span(at + kRecordHeaderSize, size - kRecordHeaderSize)};
  }
  [[nodiscard]] bool is_broken() const { return broken_; }

  /// What lies here and was not taken.
  [[nodiscard]] std::span<const std::byte> rest() const { return std::span(bytes_).subspan(begin_, end_ - begin_); }
  /// At most what rest() has.
  void drop(std::size_t count) { begin_ += count; }

  /// Free space behind the rest, which moves; never empty once take() gave nothing.
  [[nodiscard]] std::span<std::byte> room() {
    std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    return std::span(bytes_).subspan(end_);
  }
  void filled(std::size_t count) { end_ += count; }

 private:
  std::vector<std::byte> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool broken_ = false;
};

}  // namespace leakscope::sources::perf_data
