#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "model/series.h"

namespace leakscope::analysis::trend {

/// A series on a regular grid of cells: each the median of its points, NaN where there are none. Times are seconds
/// since `origin`, values are relative to `base`, so that doubles are exact where it matters.
struct Grid {
  BootTime origin;
  double start = 0;  ///< time of the first cell
  double cell = 0;   ///< seconds
  double base = 0;
  std::vector<double> values;

  [[nodiscard]] std::size_t size() const { return values.size(); }
  [[nodiscard]] double time(std::size_t i) const { return start + cell * static_cast<double>(i); }
  [[nodiscard]] double length() const { return cell * static_cast<double>(size()); }
  [[nodiscard]] std::size_t present() const;
  /// The cells from `first` on.
  [[nodiscard]] Grid tail(std::size_t first) const;
};

/// Nothing below two points at different times. Points may be unordered or share a time (the last one counts).
[[nodiscard]] std::optional<Grid> make_grid(std::span<const model::Point> points);

/// Cells twice as long, aligned to the end, each the mean of what the two have.
[[nodiscard]] Grid coarser(const Grid& grid);

/// The difference as a double, without overflow.
[[nodiscard]] double difference(std::int64_t a, std::int64_t b);

/// Values of a series in blocks of equal length, aligned to the end of the window. Blocks without values are left out.
struct Blocks {
  double length = 0;  ///< seconds
  std::vector<double> times;
  std::vector<double> values;

  [[nodiscard]] std::size_t size() const { return values.size(); }
};

/// How many blocks there are: the first one may lack a quarter.
[[nodiscard]] std::size_t blocks_in(std::size_t cells, std::size_t block);

/// The lower envelope: per block of `cells` cells the 5th percentile, the minimum below 20 values.
[[nodiscard]] Blocks lower_envelope(const Grid& grid, std::size_t cells);

/// The same with the median of each block: what a pace is measured by most precisely.
[[nodiscard]] Blocks middles(const Grid& grid, std::size_t cells);

/// Cells of the finest blocks that the length of the window asks for: a 12th of it, an hour at most; never more than
/// 168 blocks.
[[nodiscard]] std::size_t finest_block(const Grid& grid);

}  // namespace leakscope::analysis::trend
