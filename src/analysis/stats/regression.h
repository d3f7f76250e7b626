#pragma once

#include <optional>
#include <span>
#include <vector>

namespace leakscope::analysis::stats {

/// y ~ intercept + sum coefficients[j] * columns[j].
struct Fit {
  double intercept = 0;
  std::vector<double> coefficients;
  std::vector<double> residuals;
  double scale = 0;  ///< 1.4826 * median |residual|
};

/// Robust linear regression: Huber's M-estimator (1964) with k = 1.345, by iterated weighted least squares (Holland and
/// Welsch 1977), the scale from the median absolute residual in each step. A few outliers do not move it. Nothing when
/// the columns do not determine the coefficients (constant, collinear, or too few values).
[[nodiscard]] std::optional<Fit> huber_fit(std::span<const double> y, std::span<const std::vector<double>> columns);

}  // namespace leakscope::analysis::stats
