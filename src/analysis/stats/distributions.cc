#include "analysis/stats/distributions.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

namespace leakscope::analysis::stats {
namespace {

template <std::size_t N>
double polynomial(const std::array<double, N>& coefficients, double x) {
  double value = 0;
  for (const double coefficient : coefficients) value = value * x + coefficient;
  return value;
}

// AS 241, highest power first.
constexpr std::array kCenterTop = {2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4,
                                   4.5921953931549871457e4, 1.3731693765509461125e4, 1.9715909503065514427e3,
                                   1.3314166789178437745e2, 3.3871328727963666080e0};
constexpr std::array kCenterBottom = {
    5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
    5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0};
constexpr std::array kMiddleTop = {7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
                                   1.27045825245236838258e0,  3.64784832476320460504e0,  5.76949722146069140550e0,
                                   4.63033784615654529590e0,  1.42343711074968357734e0};
constexpr std::array kMiddleBottom = {
    1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
    6.89767334985100004550e-1, 1.67638483018380384940e0,  2.05319162663775882187e0,  1.0};
constexpr std::array kTailTop = {2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
                                 2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e0,
                                 5.46378491116411436990e0,  6.65790464350110377720e0};
constexpr std::array kTailBottom = {
    2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
    1.48753612908506148525e-2,  1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0};

double log_binomial_term(std::int64_t k, std::int64_t n, double p) {
  const auto dk = static_cast<double>(k);
  const auto dn = static_cast<double>(n);
  return std::lgamma(dn + 1) - std::lgamma(dk + 1) - std::lgamma(dn - dk + 1) + dk * std::log(p) +
         (dn - dk) * std::log1p(-p);
}

}  // namespace

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

double normal_upper_tail(double z) { return 0.5 * std::erfc(z / std::numbers::sqrt2); }

double normal_quantile(double p) {
  if (!(p >= 0.0 && p <= 1.0)) return std::numeric_limits<double>::quiet_NaN();
  if (p == 0.0) return -std::numeric_limits<double>::infinity();
  if (p == 1.0) return std::numeric_limits<double>::infinity();
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(kCenterTop, r) / polynomial(kCenterBottom, r);
  }
  const double r = std::sqrt(-std::log(q < 0 ? p : 1.0 - p));
  const double z = r <= 5.0 ? polynomial(kMiddleTop, r - 1.6) / polynomial(kMiddleBottom, r - 1.6)
                            : polynomial(kTailTop, r - 5.0) / polynomial(kTailBottom, r - 5.0);
  return q < 0 ? -z : z;
}

double binomial_upper_tail(std::int64_t k, std::int64_t n, double p) {
  if (k <= 0) return 1.0;
  if (k > n || p <= 0.0) return 0.0;
  if (p >= 1.0) return 1.0;
  double sum = 0;
  for (std::int64_t i = n; i >= k; --i) sum += std::exp(log_binomial_term(i, n, p));
  return std::min(1.0, sum);
}

double binomial_lower_tail(std::int64_t k, std::int64_t n, double p) {
  return k < 0 ? 0.0 : binomial_upper_tail(n - k, n, 1.0 - p);
}

std::int64_t binomial_quantile(double level, std::int64_t n, double p) {
  std::int64_t low = 0;
  std::int64_t high = n;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (binomial_lower_tail(middle, n, p) >= level) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

Proportion proportion_interval(std::int64_t k, std::int64_t n, double confidence) {
  if (n <= 0) return {};
  const double tail = (1.0 - confidence) / 2.0;
  // Both tails are monotone in p: bisection to the last bit that matters.
  const auto solve = [&](auto probability, double from, double to) {
    for (int i = 0; i < 60; ++i) {
      const double middle = 0.5 * (from + to);
      (probability(middle) < tail ? from : to) = middle;
    }
    return 0.5 * (from + to);
  };
  Proportion interval;
  interval.lower = k <= 0 ? 0.0 : solve([&](double p) { return binomial_upper_tail(k, n, p); }, 0.0, 1.0);
  interval.upper = k >= n ? 1.0 : solve([&](double p) { return binomial_lower_tail(k, n, p); }, 1.0, 0.0);
  return interval;
}

double sign_sum_tail_bound(double z) {
  if (!(z > 0.0)) return 1.0;
  return std::min({1.0, std::exp(-0.5 * z * z), 3.178 * normal_upper_tail(z)});
}

double sign_sum_tail(std::span<const double> steps) {
  double sum = 0;
  double squares = 0;
  for (const double step : steps) {
    sum += step;
    squares += step * step;
  }
  if (!(squares > 0) || !(sum > 0)) return 1.0;
  const double bound = sign_sum_tail_bound(sum / std::sqrt(squares));
  std::array<double, 12> sizes{};
  std::size_t moves = 0;
  for (const double step : steps) {
    if (step == 0) continue;
    if (moves == sizes.size()) return bound;
    sizes[moves++] = std::abs(step);
  }
  // All patterns in the order of a Gray code: each differs from the one before by one sign.
  double signed_sum = -std::accumulate(sizes.begin(), sizes.end(), 0.0);
  const double least = sum * (1 - 1e-12);
  std::uint32_t hits = signed_sum >= least ? 1 : 0;
  std::uint32_t gray = 0;
  const std::uint32_t patterns = 1U << moves;
  for (std::uint32_t i = 1; i < patterns; ++i) {
    const int bit = std::countr_zero(i);
    gray ^= 1U << bit;
    signed_sum += ((gray >> bit & 1U) != 0 ? 2 : -2) * sizes[static_cast<std::size_t>(bit)];
    hits += signed_sum >= least ? 1 : 0;
  }
  return static_cast<double>(hits) / static_cast<double>(patterns);
}

}  // namespace leakscope::analysis::stats
