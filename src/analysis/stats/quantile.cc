#include "analysis/stats/quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace leakscope::analysis::stats {
namespace {

// Moves the values for which `goes_left` holds to the front, always swapping; returns how many.
template <typename GoesLeft>
std::size_t partition(std::span<double> values, GoesLeft goes_left) {
  std::size_t left = 0;
  for (double& value : values) {
    const double x = value;
    value = values[left];
    values[left] = x;
    left += goes_left(x) ? 1 : 0;
  }
  return left;
}

double median_of_three(std::span<const double> values) {
  const double a = values.front();
  const double b = values[values.size() / 2];
  const double c = values.back();
  return std::max(std::min(a, b), std::min(std::max(a, b), c));
}

}  // namespace

void select_in_place(std::span<double> values, std::size_t rank) {
  for (int round = 0; round < 40 && values.size() > 1; ++round) {
    const double pivot = median_of_three(values);
    const std::size_t less = partition(values, [=](double x) { return x < pivot; });
    if (rank < less) {
      values = values.first(less);
      continue;
    }
    const auto rest = values.subspan(less);
    const std::size_t equal = partition(rest, [=](double x) { return x == pivot; });
    if (rank < less + equal) return;
    values = rest.subspan(equal);
    rank -= less + equal;
  }
  // An order made to be slow.
  if (values.size() > 1)
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(rank), values.end());
}

double quantile_in_place(std::span<double> values, double p) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double rank = std::clamp(p, 0.0, 1.0) * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(rank);
  const auto at = values.begin() + below;
  select_in_place(values, static_cast<std::size_t>(below));
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
