#pragma once

#include <cstddef>
#include <span>

namespace leakscope::analysis::stats {

/// Puts the value of this rank (0 is the smallest) at its place, smaller ones before it and larger ones after it, as
/// std::nth_element does, but without a branch per value: several times faster on the few dozen values of a window.
void select_in_place(std::span<double> values, std::size_t rank);

/// The p-quantile (0..1) with linear interpolation between order statistics: type 7 of Hyndman and Fan (1996), what R,
/// NumPy and Excel give by default. NaN when empty. The values are partly reordered: no copy is made.
[[nodiscard]] double quantile_in_place(std::span<double> values, double p);
[[nodiscard]] double quantile(std::span<const double> values, double p);

[[nodiscard]] double median_in_place(std::span<double> values);
[[nodiscard]] double median(std::span<const double> values);

/// Median of the absolute deviations from the median (Hampel 1974), unscaled.
[[nodiscard]] double mad(std::span<const double> values);

/// MAD times this estimates the standard deviation of normal noise: 1 / normal_quantile(0.75).
inline constexpr double kMadToSigma = 1.482602218505602;

}  // namespace leakscope::analysis::stats
