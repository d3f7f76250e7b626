#include "analysis/stats/change_point.h"

#include <algorithm>
#include <cmath>

namespace leakscope::analysis::stats {

std::optional<Pettitt> pettitt(std::span<const double> values) {
  const std::size_t n = values.size();
  if (n < 2) return std::nullopt;
  double u = 0;
  double best = -1;
  Pettitt result;
  for (std::size_t t = 0; t + 1 < n; ++t) {
    for (std::size_t j = 0; j < n; ++j) {
      u += (values[t] > values[j] ? 1.0 : 0.0) - (values[t] < values[j] ? 1.0 : 0.0);
    }
    if (std::abs(u) > best) {
      best = std::abs(u);
      result.first_after = t + 1;
    }
  }
  const auto dn = static_cast<double>(n);
  result.p_value = std::min(1.0, 2.0 * std::exp(-6.0 * best * best / (dn * dn * dn + dn * dn)));
  return result;
}

std::optional<TwoLevels> two_levels(std::span<const double> values) {
  const std::size_t n = values.size();
  if (n < 4) return std::nullopt;
  const auto dn = static_cast<double>(n);
  double sum = 0;
  for (const double value : values) sum += value;
  const double mean = sum / dn;
  double total = 0;
  double sxy = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double d = values[i] - mean;
    total += d * d;
    sxy += d * (static_cast<double>(i) - (dn - 1) / 2);
  }
  const double sxx = dn * (dn * dn - 1) / 12;
  TwoLevels result;
  result.squares_one_level = total;
  result.squares_line = std::max(0.0, total - sxy * sxy / sxx);
  double left = 0;
  double best = -1;
  for (std::size_t k = 1; k < n; ++k) {
    left += values[k - 1] - mean;
    // Both parts sum to zero about the mean: the squares that a split explains.
    const auto dk = static_cast<double>(k);
    const double explained = left * left / dk + left * left / (dn - dk);
    if (explained > best) {
      best = explained;
      result.first_after = k;
      result.before = mean + left / dk;
      result.after = mean - left / (dn - dk);
    }
  }
  result.squares_two_levels = std::max(0.0, total - best);
  return result;
}

}  // namespace leakscope::analysis::stats
