#pragma once

#include <cstdint>
#include <span>

namespace leakscope::analysis::stats {

/// P(Z <= z) and P(Z > z) of the standard normal distribution; each exact in its own tail.
[[nodiscard]] double normal_cdf(double z);
[[nodiscard]] double normal_upper_tail(double z);
/// The z with P(Z <= z) = p; Wichura (1988), algorithm AS 241 (PPND16), relative error about 1e-16.
/// -infinity at 0, +infinity at 1, NaN outside.
[[nodiscard]] double normal_quantile(double p);

/// P(X >= k) and P(X <= k) of X ~ Binomial(n, p), by summing the terms from the far end.
[[nodiscard]] double binomial_upper_tail(std::int64_t k, std::int64_t n, double p);
[[nodiscard]] double binomial_lower_tail(std::int64_t k, std::int64_t n, double p);
/// The smallest k with P(X <= k) >= level.
[[nodiscard]] std::int64_t binomial_quantile(double level, std::int64_t n, double p);

struct Proportion {
  double lower = 0;
  double upper = 1;
};
/// The interval of a proportion of which k of n were seen: Clopper and Pearson (1934), at least `confidence` for every
/// true value.
[[nodiscard]] Proportion proportion_interval(std::int64_t k, std::int64_t n, double confidence);

/// P(sum of signs e_i * a_i >= z * sqrt(sum a_i^2)) for independent fair signs is at most this, whatever the a_i:
/// the smaller of exp(-z^2/2) (Hoeffding 1963, Efron 1969) and 3.178 * P(Z > z) (Bentkus and Dzindzalieta 2015), and 1.
[[nodiscard]] double sign_sum_tail_bound(double z);

/// P(sum of e_i * |a_i| >= sum a_i): the randomisation test of Fisher (1935) for steps that are as likely up as down.
/// Exact up to 12 steps, the bound above beyond.
[[nodiscard]] double sign_sum_tail(std::span<const double> steps);

}  // namespace leakscope::analysis::stats
