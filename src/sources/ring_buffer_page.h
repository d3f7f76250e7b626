#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/error.h"
#include "sources/event_format.h"

namespace leakscope::sources {

/// Where the parts of a ring buffer's page lie: events/header_page of tracefs.
struct RingPageLayout {
  std::size_t timestamp_offset = 0;
  std::size_t commit_offset = 8;
  std::size_t commit_size = 8;  ///< also the size of the kernel's long
  std::size_t data_offset = 16;
  std::size_t page_size = 4096;  ///< of the buffer's pages: the file's page size, or a sub-buffer's
  ByteOrder order = ByteOrder::kLittle;
};
[[nodiscard]] Result<RingPageLayout> parse_header_page(std::string_view text, std::size_t page_size, ByteOrder order);

/// One event of a page.
struct RingRecord {
  std::uint64_t time = 0;                ///< in the trace's clock
  std::span<const std::byte> payload{};  ///< begins with the common fields; common_type is its first two bytes
};

/// Walks over the events of one page of a ftrace ring buffer, as trace_pipe_raw gives it out and trace.dat keeps it.
/// The event header: type_len:5, time_delta:27; 29 padding, 30 time extend, 31 absolute time stamp, 0 length in the
/// next word, else length / 4. Source: include/linux/ring_buffer.h, kernel/trace/ring_buffer.c, 5.10 to 7.2.
class RingPage {
 public:
  /// kMalformed when the page's own figures do not fit it.
  [[nodiscard]] static Result<RingPage> open(std::span<const std::byte> page, const RingPageLayout& layout);

  /// Nothing at the end of the page, or where the rest of it makes no sense (is_broken() then).
  [[nodiscard]] std::optional<RingRecord> next();
  /// Events lost before the first of this page: nothing lost is 0; nothing when some were but nobody counted them.
  [[nodiscard]] std::optional<std::uint64_t> lost_before() const { return lost_; }
  [[nodiscard]] bool is_broken() const { return broken_; }
  /// Of the page, before next() was called.
  [[nodiscard]] std::uint64_t first_time() const { return time_; }
  [[nodiscard]] bool is_empty() const { return data_.empty(); }

 private:
  [[nodiscard]] std::optional<std::span<const std::byte>> take(std::size_t length);
  [[nodiscard]] std::optional<std::uint32_t> take_word();
  [[nodiscard]] bool skip_padding(std::uint32_t delta);
  void stamp(std::uint64_t absolute);

  std::span<const std::byte> data_;
  std::size_t at_ = 0;
  std::uint64_t time_ = 0;
  std::optional<std::uint64_t> lost_ = 0;
  ByteOrder order_ = ByteOrder::kLittle;
  bool broken_ = false;
};

}  // namespace leakscope::sources
