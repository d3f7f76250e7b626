#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace leakscope::analysis::stats {

/// Up to this many values the distribution of S is computed exactly; above, by its normal approximation.
inline constexpr std::size_t kExactKendallLimit = 60;

/// The Mann-Kendall test for a rise (Mann 1945, Kendall 1975).
struct MannKendall {
  std::int64_t s = 0;       ///< pairs that rise minus pairs that fall
  std::int64_t untied = 0;  ///< pairs that are not equal
  double p_value = 1;       ///< one-sided: P(S >= s) if every order of these values were equally likely
};

/// Values in the order of time. Equal values are treated exactly, not by a correction: given which values are equal,
/// the number of falling pairs of a random order has the generating function [n]!_q / prod [t_i]!_q over the groups of
/// t_i equal values (MacMahon 1913), and p is its lower tail. So p is conservative for any pattern of ties: a counter
/// that stands still for most blocks cannot reach a small p. Above kExactKendallLimit: normal with Kendall's variance
/// for ties and continuity correction.
[[nodiscard]] MannKendall mann_kendall_rise(std::span<const double> values);

/// P(falling pairs <= falling) for a random order of n = sum(group_sizes) values in groups of equal ones.
[[nodiscard]] double kendall_lower_tail(std::int64_t falling, std::span<const int> group_sizes);

/// Variance of S for n values with groups of equal ones (Kendall 1975).
[[nodiscard]] double kendall_variance(std::size_t n, std::span<const int> group_sizes);

/// The largest number of falling pairs d with P(falling pairs <= d) <= level, n different values; -1 when there is
/// none.
[[nodiscard]] std::int64_t kendall_critical(std::size_t n, double level);

/// Sizes of the groups of equal values.
[[nodiscard]] std::vector<int> tie_groups(std::span<const double> values);

}  // namespace leakscope::analysis::stats
