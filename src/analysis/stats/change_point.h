#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace leakscope::analysis::stats {

/// Pettitt (1979): the place where one change of level is most likely, by ranks.
struct Pettitt {
  std::size_t first_after = 0;  ///< index of the first value of the new level
  double p_value = 1;           ///< two-sided, 2 exp(-6 K^2 / (n^3 + n^2)), at most 1
};
[[nodiscard]] std::optional<Pettitt> pettitt(std::span<const double> values);

/// The split into two levels with the smallest sum of squared residuals, beside that of one level and of a line.
struct TwoLevels {
  std::size_t first_after = 0;
  double before = 0;  ///< mean of the values before
  double after = 0;
  double squares_two_levels = 0;
  double squares_one_level = 0;
  double squares_line = 0;
};
/// O(n). Nothing below 4 values.
[[nodiscard]] std::optional<TwoLevels> two_levels(std::span<const double> values);

}  // namespace leakscope::analysis::stats
