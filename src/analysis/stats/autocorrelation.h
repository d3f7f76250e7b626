#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace leakscope::analysis::stats {

/// Values on a regular grid minus their least-squares line; cells without a measurement (NaN) become 0.
[[nodiscard]] std::vector<double> detrended(std::span<const double> grid);

/// The autocorrelation of a regular series at any lag, computed when asked for (Box and Jenkins 1970, the estimator
/// that divides by n). Missing cells count as residual 0: they weaken the correlation, they invent none.
class Autocorrelation {
 public:
  /// Keeps a view of `residuals`.
  explicit Autocorrelation(std::span<const double> residuals);
  [[nodiscard]] double at(std::size_t lag) const;
  /// No spread at all.
  [[nodiscard]] bool degenerate() const { return sum_of_squares_ <= 0; }
  [[nodiscard]] std::size_t size() const { return residuals_.size(); }

 private:
  std::span<const double> residuals_;
  double sum_of_squares_ = 0;
};

/// The first lag at which the correlation is below `threshold`: from there on values count as independent.
/// At most size()/2; 1 when degenerate.
[[nodiscard]] std::size_t correlation_length(const Autocorrelation& acf, double threshold = 0.2);

/// The period: the first peak of the autocorrelation after it has fallen that stands above `least` and above three
/// standard errors by Bartlett's formula (1946) for noise of this correlation length, and at least 0.5 above the
/// trough before it. Nothing when there is none up to half of the series.
[[nodiscard]] std::optional<std::size_t> period(const Autocorrelation& acf, std::size_t correlation_length,
                                                double least = 0.3);

}  // namespace leakscope::analysis::stats
