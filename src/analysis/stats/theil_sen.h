#pragma once

#include <optional>
#include <span>

namespace leakscope::analysis::stats {

struct Slope {
  double lower = 0;
  double point = 0;
  double upper = 0;
};

/// The median of the slopes of all pairs (Theil 1950, Sen 1968), over real times in order, with Sen's 95 % interval:
/// slopes of rank (N-C)/2 and (N+C)/2+1, C from the exact distribution of S up to 60 points (Hollander and Wolfe 1973)
/// and 1.96 sqrt(Var S) above (Gilbert 1987). Where no exact 95 % interval exists (fewer than 5 points) it is the
/// range of all slopes. Nothing when no two points differ in time.
[[nodiscard]] std::optional<Slope> theil_sen(std::span<const double> times, std::span<const double> values);

}  // namespace leakscope::analysis::stats
