#include "analysis/stats/autocorrelation.h"

#include <algorithm>
#include <cmath>

namespace leakscope::analysis::stats {
namespace {

// Four sums side by side: a single one would wait for each addition.
double dot(const double* a, const double* b, std::size_t n) {
  double s0 = 0;
  double s1 = 0;
  double s2 = 0;
  double s3 = 0;
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    s0 += a[i] * b[i];
    s1 += a[i + 1] * b[i + 1];
    s2 += a[i + 2] * b[i + 2];
    s3 += a[i + 3] * b[i + 3];
  }
  for (; i < n; ++i) s0 += a[i] * b[i];
  return (s0 + s1) + (s2 + s3);
}

}  // namespace

std::vector<double> detrended(std::span<const double> grid) {
  double n = 0;
  double sum_x = 0;
  double sum_y = 0;
  for (std::size_t i = 0; i < grid.size(); ++i) {
    if (std::isnan(grid[i])) continue;
    n += 1;
    sum_x += static_cast<double>(i);
    sum_y += grid[i];
  }
  std::vector<double> residuals(grid.size(), 0.0);
  if (n < 1) return residuals;
  const double mean_x = sum_x / n;
  const double mean_y = sum_y / n;
  double sxx = 0;
  double sxy = 0;
  for (std::size_t i = 0; i < grid.size(); ++i) {
    if (std::isnan(grid[i])) continue;
    const double dx = static_cast<double>(i) - mean_x;
    sxx += dx * dx;
    sxy += dx * (grid[i] - mean_y);
  }
  const double slope = sxx > 0 ? sxy / sxx : 0;
  for (std::size_t i = 0; i < grid.size(); ++i) {
    if (!std::isnan(grid[i])) residuals[i] = grid[i] - mean_y - slope * (static_cast<double>(i) - mean_x);
  }
  return residuals;
}

Autocorrelation::Autocorrelation(std::span<const double> residuals)
    : residuals_(residuals), sum_of_squares_(dot(residuals.data(), residuals.data(), residuals.size())) {}

double Autocorrelation::at(std::size_t lag) const {
  if (lag >= residuals_.size() || degenerate()) return 0;
  return dot(residuals_.data(), residuals_.data() + lag, residuals_.size() - lag) / sum_of_squares_;
}

std::size_t correlation_length(const Autocorrelation& acf, double threshold) {
  if (acf.degenerate()) return 1;
  const std::size_t limit = std::max<std::size_t>(1, acf.size() / 2);
  for (std::size_t lag = 1; lag < limit; ++lag) {
    if (acf.at(lag) < threshold) return lag;
  }
  return limit;
}

std::optional<std::size_t> period(const Autocorrelation& acf, std::size_t correlation_length, double least) {
  if (acf.degenerate()) return std::nullopt;
  const auto n = static_cast<double>(acf.size());
  double bartlett = 1;
  for (std::size_t lag = 1; lag < correlation_length; ++lag) bartlett += 2 * acf.at(lag) * acf.at(lag);
  const double floor = std::max(least, 3 * std::sqrt(bartlett / n));
  double trough = 1;
  double before = acf.at(correlation_length);
  double here = acf.at(correlation_length + 1);
  for (std::size_t lag = correlation_length + 1; lag <= acf.size() / 2; ++lag) {
    const double after = acf.at(lag + 1);
    trough = std::min({trough, before, here});
    if (here > floor && here - trough >= 0.5 && here >= before && here >= after) return lag;
    before = here;
    here = after;
  }
  return std::nullopt;
}

}  // namespace leakscope::analysis::stats
