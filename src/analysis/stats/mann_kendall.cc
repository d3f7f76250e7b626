#include "analysis/stats/mann_kendall.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/stats/distributions.h"

namespace leakscope::analysis::stats {
namespace {

std::int64_t pairs(std::int64_t n) { return n * (n - 1) / 2; }

// The first `count` coefficients of [n]!_q / prod [t]!_q. Each factor (1 - q^(N+j)) / (1 - q^j) keeps the series a
// Gaussian binomial, so all coefficients stay positive and the low ones exact.
std::vector<double> falling_counts(std::span<const int> group_sizes, std::size_t count) {
  std::vector<double> c(count, 0.0);
  c[0] = 1.0;
  std::size_t placed = 0;
  for (const int size : group_sizes) {
    for (std::size_t j = 1; j <= static_cast<std::size_t>(size); ++j) {
      const std::size_t top = placed + j;
      if (top == j) continue;
      for (std::size_t k = count; k-- > top;) c[k] -= c[k - top];
      for (std::size_t k = j; k < count; ++k) c[k] += c[k - j];
    }
    placed += static_cast<std::size_t>(size);
  }
  return c;
}

double log_arrangements(std::span<const int> group_sizes) {
  double n = 0;
  double result = 0;
  for (const int size : group_sizes) {
    n += size;
    result -= std::lgamma(size + 1.0);
  }
  return result + std::lgamma(n + 1.0);
}

}  // namespace

std::vector<int> tie_groups(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<int> groups;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i > 0 && sorted[i] == sorted[i - 1]) {
      ++groups.back();
    } else {
      groups.push_back(1);
    }
  }
  return groups;
}

double kendall_lower_tail(std::int64_t falling, std::span<const int> group_sizes) {
  std::int64_t n = 0;
  std::int64_t tied = 0;
  for (const int size : group_sizes) {
    n += size;
    tied += pairs(size);
  }
  const std::int64_t untied = pairs(n) - tied;
  if (falling < 0) return 0.0;
  if (falling >= untied) return 1.0;
  // The distribution is symmetric about untied / 2: sum the shorter tail.
  const bool mirror = 2 * falling >= untied;
  const std::int64_t last = mirror ? untied - falling - 1 : falling;
  const auto counts = falling_counts(group_sizes, static_cast<std::size_t>(last) + 1);
  const double sum = std::accumulate(counts.begin(), counts.end(), 0.0);
  const double tail = std::exp(std::log(sum) - log_arrangements(group_sizes));
  return std::clamp(mirror ? 1.0 - tail : tail, 0.0, 1.0);
}

double kendall_variance(std::size_t n, std::span<const int> group_sizes) {
  const auto term = [](double t) { return t * (t - 1) * (2 * t + 5); };
  double sum = term(static_cast<double>(n));
  for (const int size : group_sizes) sum -= term(size);
  return sum / 18.0;
}

MannKendall mann_kendall_rise(std::span<const double> values) {
  const std::size_t n = values.size();
  std::int64_t rising = 0;
  std::int64_t falling = 0;
  for (std::size_t j = 1; j < n; ++j) {
    for (std::size_t i = 0; i < j; ++i) {
      rising += values[j] > values[i] ? 1 : 0;
      falling += values[j] < values[i] ? 1 : 0;
    }
  }
  MannKendall result{rising - falling, rising + falling, 1.0};
  if (result.untied == 0) return result;
  const auto groups = tie_groups(values);
  if (n <= kExactKendallLimit) {
    result.p_value = kendall_lower_tail(falling, groups);
    return result;
  }
  const double s = static_cast<double>(result.s);
  result.p_value = normal_upper_tail((s - 1.0) / std::sqrt(kendall_variance(n, groups)));
  return result;
}

std::int64_t kendall_critical(std::size_t n, double level) {
  if (n < 2) return -1;
  const std::vector<int> distinct(n, 1);
  const auto all = static_cast<std::size_t>(pairs(static_cast<std::int64_t>(n)));
  const auto counts = falling_counts(distinct, all / 2 + 1);
  const double arrangements = std::exp(log_arrangements(distinct));
  double sum = 0;
  for (std::size_t d = 0; d < counts.size(); ++d) {
    sum += counts[d];
    // A hair of slack: the level itself is reached exactly by fractions such as 1/120.
    if (sum > level * arrangements * (1 + 1e-12)) return static_cast<std::int64_t>(d) - 1;
  }
  return static_cast<std::int64_t>(counts.size()) - 1;
}

}  // namespace leakscope::analysis::stats
