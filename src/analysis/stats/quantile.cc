#include "analysis/stats/quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace leakscope::analysis::stats {

double quantile_in_place(std::span<double> values, double p) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double rank = std::clamp(p, 0.0, 1.0) * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(rank);
  const auto at = values.begin() + below;
  std::nth_element(values.begin(), at, values.end());
  const double share = rank - std::floor(rank);
  if (share <= 0.0 || at + 1 == values.end()) return *at;
  const double above = *std::min_element(at + 1, values.end());
  return *at + share * (above - *at);
}

double quantile(std::span<const double> values, double p) {
  std::vector<double> copy(values.begin(), values.end());
  return quantile_in_place(copy, p);
}

double median_in_place(std::span<double> values) { return quantile_in_place(values, 0.5); }

double median(std::span<const double> values) { return quantile(values, 0.5); }

double mad(std::span<const double> values) {
  std::vector<double> copy(values.begin(), values.end());
  const double center = median_in_place(copy);
  for (double& value : copy) value = std::abs(value - center);
  return median_in_place(copy);
}

}  // namespace leakscope::analysis::stats
