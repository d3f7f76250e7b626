#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/text_cursor.h"

namespace leakscope {

/// A text of one row per line, as far as it could be read. Refilled, so that parsing in a loop allocates nothing once
/// it has grown.
template <class Row>
struct ParsedRows {
  std::vector<Row> rows;
  std::uint32_t lines_left_out = 0;  ///< did not parse
  bool cut = false;                  ///< ends within a line, which was left out

  void clear() {
    rows.clear();
    lines_left_out = 0;
    cut = false;
  }
  /// Reads all lines that are left; `parse` is an optional<Row>(std::string_view line).
  template <class Parse>
  void refill(LineCursor& lines, Parse parse) {
    clear();
    while (const auto line = lines.next()) {
      if (lines.unterminated()) {
        cut = true;
      } else if (auto row = parse(*line)) {
        rows.push_back(*std::move(row));
      } else {
        ++lines_left_out;
      }
    }
  }

  /// There was something to read, and no line of it parsed.
  [[nodiscard]] bool nothing_parsed() const { return rows.empty() && (lines_left_out > 0 || cut); }
};

}  // namespace leakscope
