#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace leakscope::sources::trace_text {

/// The lines of a file or pipe, one after the other, in memory of fixed size.
class LineFeed {
 public:
  LineFeed(UniqueFd file, std::string name, std::string_view already_read);

  enum class Step : std::uint8_t { kLine, kEnd };
  /// The next line without its newline; it lives until the next call. A last line that has no newline is cut off: it is
  /// left out, and is_cut() says so. Lines above kLongestLine are left out and counted.
  [[nodiscard]] Result<Step> next(std::string_view& line);

  [[nodiscard]] bool is_cut() const { return cut_; }
  [[nodiscard]] std::uint64_t long_lines() const { return long_lines_; }

  static constexpr std::size_t kLongestLine = std::size_t{16} << 10U;

 private:
  [[nodiscard]] Result<std::size_t> fill();

  UniqueFd file_;
  std::string name_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;     // of what was not given out
  std::size_t end_ = 0;       // of what was read
  std::size_t searched_ = 0;  // no newline before this
  bool skipping_ = false;     // within a line that is too long
  bool ended_ = false;
  bool cut_ = false;
  std::uint64_t long_lines_ = 0;
};

}  // namespace leakscope::sources::trace_text
