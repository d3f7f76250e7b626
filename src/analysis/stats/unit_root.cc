#include "analysis/stats/unit_root.h"

#include <cmath>
#include <vector>

namespace leakscope::analysis::stats {
namespace {

// Cholesky factor of the lower triangle in place; false when it is not positive definite.
bool factor(std::vector<double>& a, std::size_t p) {
  for (std::size_t r = 0; r < p; ++r) {
    for (std::size_t c = 0; c <= r; ++c) {
      double sum = a[r * p + c];
      for (std::size_t k = 0; k < c; ++k) sum -= a[r * p + k] * a[c * p + k];
      if (r == c) {
        if (!(sum > 1e-12 * a[r * p + r])) return false;
        a[r * p + r] = std::sqrt(sum);
      } else {
        a[r * p + c] = sum / a[c * p + c];
      }
    }
  }
  return true;
}

}  // namespace

std::size_t dickey_fuller_lags(std::size_t n) {
  return n < 25 ? 0 : static_cast<std::size_t>(4 * std::pow(static_cast<double>(n) / 100, 0.25));
}

double dickey_fuller_critical_1(std::size_t n) {
  const auto dn = static_cast<double>(n);
  return -3.9638 - 8.353 / dn - 47.44 / (dn * dn);
}

double dickey_fuller_critical_5(std::size_t n) {
  const auto dn = static_cast<double>(n);
  return -3.4126 - 4.039 / dn - 17.83 / (dn * dn);
}

double dickey_fuller(std::span<const double> residuals, std::size_t lags) {
  const std::size_t n = residuals.size();
  // The level comes last: its coefficient is then the last one solved, its variance the last pivot.
  const std::size_t p = lags + 1;
  if (n < 3 * p + 4) return 0;
  std::vector<double> a(p * p, 0.0);
  std::vector<double> b(p, 0.0);
  std::vector<double> row(p);
  double total = 0;
  for (std::size_t i = lags + 1; i < n; ++i) {
    for (std::size_t k = 0; k < lags; ++k) row[k] = residuals[i - 1 - k] - residuals[i - 2 - k];
    row[lags] = residuals[i - 1];
    const double y = residuals[i] - residuals[i - 1];
    total += y * y;
    for (std::size_t r = 0; r < p; ++r) {
      b[r] += row[r] * y;
      for (std::size_t c = 0; c <= r; ++c) a[r * p + c] += row[r] * row[c];
    }
  }
  if (!factor(a, p)) return 0;
  double explained = 0;
  for (std::size_t r = 0; r < p; ++r) {
    for (std::size_t k = 0; k < r; ++k) b[r] -= a[r * p + k] * b[k];
    b[r] /= a[r * p + r];
    explained += b[r] * b[r];
  }
  const auto freedom = static_cast<double>(n - lags - 1 - p);
  const double variance = (total - explained) / freedom;
  // After the forward substitution the last entry is the coefficient times the pivot: already in units of its error.
  return variance > 0 ? b[lags] / std::sqrt(variance) : (b[lags] < 0 ? -1e9 : 0);
}

}  // namespace leakscope::analysis::stats
