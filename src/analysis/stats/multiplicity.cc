#include "analysis/stats/multiplicity.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace leakscope::analysis::stats {

std::vector<double> benjamini_hochberg(std::span<const double> p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> q(p_values.size(), 1.0);
  const auto m = static_cast<double>(p_values.size());
  double smallest = 1.0;
  for (std::size_t k = order.size(); k-- > 0;) {
    smallest = std::min(smallest, p_values[order[k]] * m / static_cast<double>(k + 1));
    q[order[k]] = smallest;
  }
  return q;
}

std::vector<double> benjamini_yekutieli(std::span<const double> p_values) {
  double harmonic = 0;
  for (std::size_t i = 1; i <= p_values.size(); ++i) harmonic += 1.0 / static_cast<double>(i);
  auto q = benjamini_hochberg(p_values);
  // Not the minimum of products that were already cut at 1: BH's own values are at most 1, so only this cut matters.
  for (double& value : q) value = std::min(1.0, value * harmonic);
  return q;
}

double simes(std::span<const double> p_values) {
  const auto q = benjamini_hochberg(p_values);
  return q.empty() ? 1.0 : *std::min_element(q.begin(), q.end());
}

double fisher_combined(std::span<const double> p_values) {
  if (p_values.empty()) return 1.0;
  double half = 0;
  for (const double p : p_values) half -= std::log(std::max(p, std::numeric_limits<double>::min()));
  // Upper tail of chi-squared with an even number of degrees of freedom: exp(-x/2) sum_{k<m} (x/2)^k / k!.
  double sum = 0;
  for (std::size_t k = 0; k < p_values.size(); ++k) {
    const auto dk = static_cast<double>(k);
    sum += std::exp(-half + (k == 0 ? 0.0 : dk * std::log(half)) - std::lgamma(dk + 1));
  }
  return std::min(1.0, sum);
}

}  // namespace leakscope::analysis::stats
