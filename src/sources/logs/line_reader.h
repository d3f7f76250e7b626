#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "sources/logs/byte_stream.h"

namespace leakscope::sources::logs {

struct Line {
  std::string_view text;     ///< without line end and colors; valid until the next call
  std::uint64_t number = 0;  ///< 1-based
  bool ended = true;         ///< false: the last one, and the file ends within it
};

/// What was not text in a file.
struct LineDamage {
  std::uint64_t cut_lines = 0;     ///< longer than kLongestLine: the rest of each is gone
  std::uint64_t binary_lines = 0;  ///< with NUL bytes within, left out
  std::uint64_t nul_bytes = 0;     ///< before a line: what a crash or a truncated log leaves
};

/// Splits bytes into lines: LF or CRLF, terminal colors taken out.
class LineReader {
 public:
  /// One line of a JSON answer of a time series database has some megabytes.
  static constexpr std::size_t kLongestLine = std::size_t{16} << 20U;

  explicit LineReader(std::unique_ptr<ByteStream> bytes) : bytes_(std::move(bytes)) {}

  /// Nothing at the end; then failure() tells whether the end came too soon.
  [[nodiscard]] std::optional<Line> next();

  [[nodiscard]] std::uint64_t lines() const { return number_; }
  [[nodiscard]] const LineDamage& damage() const { return damage_; }
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

 private:
  [[nodiscard]] bool refill();
  [[nodiscard]] std::optional<std::string_view> raw_line(bool& ended);
  [[nodiscard]] std::string_view without_colors(std::string_view text);

  std::unique_ptr<ByteStream> bytes_;
  std::string_view piece_;
  bool clean_ = true;  ///< the piece holds neither escapes nor NULs
  bool done_ = false;
  std::string carried_;
  std::string plain_;
  std::uint64_t number_ = 0;
  LineDamage damage_;
  std::optional<Error> failure_;
};

}  // namespace leakscope::sources::logs
