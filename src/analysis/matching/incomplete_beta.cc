#include "analysis/matching/incomplete_beta.h"

#include <cmath>
#include <limits>

namespace leakscope::analysis::matching {
namespace {

constexpr int kMostTerms = 200'000;  // some square root of a and b are needed

double away_from_zero(double value) {
  constexpr double kLeast = 1e-300;
  return std::abs(value) < kLeast ? kLeast : value;
}

// 1 / (1 + d1 / (1 + d2 / ...)), by the method of Lentz (1976) with ratios of successive numerators and denominators.
double continued_fraction(double x, double a, double b) {
  double numerator = 1;
  double denominator = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double value = denominator;
  for (int m = 1; m < kMostTerms; ++m) {
    const double k = m;
    const double even = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k));
    denominator = 1 / away_from_zero(1 + even * denominator);
    numerator = away_from_zero(1 + even / numerator);
    value *= numerator * denominator;
    const double odd = -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1));
    denominator = 1 / away_from_zero(1 + odd * denominator);
    numerator = away_from_zero(1 + odd / numerator);
    const double factor = numerator * denominator;
    value *= factor;
    if (std::abs(factor - 1) < 4 * std::numeric_limits<double>::epsilon()) break;
  }
  return value;
}

}  // namespace

double incomplete_beta(double x, double a, double b) {
  if (!(x > 0)) return 0;
  if (!(x < 1)) return 1;
  // The fraction converges fast below the mean only.
  if (x > (a + 1) / (a + b + 2)) return 1 - incomplete_beta(1 - x, b, a);
  const double log_front =
      std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x) - std::log(a);
  return std::exp(log_front) * continued_fraction(x, a, b);
}

double incomplete_beta_quantile(double p, double a, double b) {
  double low = 0;
  double high = 1;
  for (int i = 0; i < 64; ++i) {
    const double middle = 0.5 * (low + high);
    (incomplete_beta(middle, a, b) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace leakscope::analysis::matching
