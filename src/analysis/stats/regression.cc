#include "analysis/stats/regression.h"

#include <algorithm>
#include <cmath>

#include "analysis/stats/quantile.h"

namespace leakscope::analysis::stats {
namespace {

constexpr double kHuber = 1.345;
constexpr int kSteps = 20;

/// Columns shifted to mean 0 and scaled to spread 1, so that the normal equations are well conditioned.
struct Standardised {
  std::vector<std::vector<double>> columns;
  std::vector<double> center;
  std::vector<double> spread;
};

std::optional<Standardised> standardise(std::span<const std::vector<double>> columns, std::size_t n) {
  Standardised result;
  for (const auto& column : columns) {
    if (column.size() != n) return std::nullopt;
    double mean = 0;
    for (const double x : column) mean += x / static_cast<double>(n);
    double square = 0;
    for (const double x : column) square += (x - mean) * (x - mean) / static_cast<double>(n);
    const double spread = std::sqrt(square);
    if (!(spread > 1e-12 * std::abs(mean)) || !(spread > 0)) return std::nullopt;
    std::vector<double> scaled(n);
    std::transform(column.begin(), column.end(), scaled.begin(), [&](double x) { return (x - mean) / spread; });
    result.columns.push_back(std::move(scaled));
    result.center.push_back(mean);
    result.spread.push_back(spread);
  }
  return result;
}

// Weighted least squares by Cholesky of the normal equations; [0] is the intercept.
std::optional<std::vector<double>> weighted_fit(std::span<const double> y, const Standardised& x,
                                                std::span<const double> weights) {
  const std::size_t p = x.columns.size() + 1;
  const auto entry = [&](std::size_t column, std::size_t i) { return column == 0 ? 1.0 : x.columns[column - 1][i]; };
  std::vector<double> a(p * p, 0.0);
  std::vector<double> b(p, 0.0);
  for (std::size_t i = 0; i < y.size(); ++i) {
    for (std::size_t r = 0; r < p; ++r) {
      const double weighted = weights[i] * entry(r, i);
      b[r] += weighted * y[i];
      for (std::size_t c = 0; c <= r; ++c) a[r * p + c] += weighted * entry(c, i);
    }
  }
  for (std::size_t r = 0; r < p; ++r) {
    for (std::size_t c = 0; c <= r; ++c) {
      double sum = a[r * p + c];
      for (std::size_t k = 0; k < c; ++k) sum -= a[r * p + k] * a[c * p + k];
      if (r == c) {
        if (!(sum > 1e-10 * a[0])) return std::nullopt;
        a[r * p + r] = std::sqrt(sum);
      } else {
        a[r * p + c] = sum / a[c * p + c];
      }
    }
  }
  for (std::size_t r = 0; r < p; ++r) {
    for (std::size_t k = 0; k < r; ++k) b[r] -= a[r * p + k] * b[k];
    b[r] /= a[r * p + r];
  }
  for (std::size_t r = p; r-- > 0;) {
    for (std::size_t k = r + 1; k < p; ++k) b[r] -= a[k * p + r] * b[k];
    b[r] /= a[r * p + r];
  }
  return b;
}

}  // namespace

std::optional<Fit> huber_fit(std::span<const double> y, std::span<const std::vector<double>> columns) {
  const std::size_t n = y.size();
  if (n < columns.size() + 2) return std::nullopt;
  const auto x = standardise(columns, n);
  if (!x) return std::nullopt;
  std::vector<double> weights(n, 1.0);
  std::vector<double> beta;
  Fit fit;
  fit.residuals.resize(n);
  std::vector<double> absolute(n);
  for (int step = 0; step < kSteps; ++step) {
    const auto next = weighted_fit(y, *x, weights);
    if (!next) return std::nullopt;
    double moved = 0;
    double size = 0;
    for (std::size_t j = 0; j < next->size(); ++j) {
      moved = std::max(moved, beta.empty() ? 1.0 : std::abs((*next)[j] - beta[j]));
      size = std::max(size, std::abs((*next)[j]));
    }
    beta = *next;
    for (std::size_t i = 0; i < n; ++i) {
      fit.residuals[i] = y[i] - beta[0];
      for (std::size_t j = 0; j < x->columns.size(); ++j) fit.residuals[i] -= beta[j + 1] * x->columns[j][i];
      absolute[i] = std::abs(fit.residuals[i]);
    }
    fit.scale = kMadToSigma * median_in_place(absolute);
    if (moved <= 1e-9 * size || fit.scale <= 0) break;
    for (std::size_t i = 0; i < n; ++i) {
      const double distance = std::abs(fit.residuals[i]) / fit.scale;
      weights[i] = distance <= kHuber ? 1.0 : kHuber / distance;
    }
  }
  fit.intercept = beta[0];
  for (std::size_t j = 0; j < x->columns.size(); ++j) {
    fit.coefficients.push_back(beta[j + 1] / x->spread[j]);
    fit.intercept -= fit.coefficients[j] * x->center[j];
  }
  return fit;
}

}  // namespace leakscope::analysis::stats
