#include "analysis/stats/theil_sen.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <vector>

#include "analysis/stats/mann_kendall.h"
#include "analysis/stats/quantile.h"

namespace leakscope::analysis::stats {
namespace {

using Criticals = std::array<std::int64_t, kExactKendallLimit + 1>;

std::int64_t critical_of_95(std::size_t n) {
  static const Criticals table = [] {
    Criticals result{};
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = kendall_critical(i, 0.025);
    return result;
  }();
  return table[n];
}

// How many of the smallest (and of the largest) slopes lie outside the interval.
std::size_t slopes_outside(std::size_t points, std::size_t slopes) {
  if (points <= kExactKendallLimit) {
    // S <= s_crit has P <= 2.5 % with d falling pairs: the d+1 st slope from each end is the bound.
    const std::int64_t d = critical_of_95(points);
    return d < 0 ? 0 : static_cast<std::size_t>(d);
  }
  const double c = 1.959963984540054 * std::sqrt(kendall_variance(points, {}));
  const double m1 = (static_cast<double>(slopes) - c) / 2.0;
  return m1 < 1 ? 0 : static_cast<std::size_t>(m1) - 1;
}

}  // namespace

std::optional<Slope> theil_sen(std::span<const double> times, std::span<const double> values) {
  const std::size_t n = std::min(times.size(), values.size());
  std::vector<double> slopes;
  slopes.reserve(n * (n > 0 ? n - 1 : 0) / 2);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      const double dt = times[j] - times[i];
      if (dt > 0) slopes.push_back((values[j] - values[i]) / dt);
    }
  }
  if (slopes.empty()) return std::nullopt;
  const std::size_t outside = std::min(slopes_outside(n, slopes.size()), (slopes.size() - 1) / 2);
  Slope result;
  result.point = median_in_place(slopes);
  // After the median was found each half is in place: the bounds are sought in their own half only.
  const std::size_t middle = (slopes.size() - 1) / 2;
  const std::span<double> all(slopes);
  select_in_place(all.first(middle + 1), outside);
  result.lower = slopes[outside];
  const std::size_t high = slopes.size() - 1 - outside;
  select_in_place(all.subspan(middle), high - middle);
  result.upper = slopes[high];
  return result;
}

}  // namespace leakscope::analysis::stats
