#pragma once

namespace leakscope::analysis::matching {

/// The regularised incomplete beta function I_x(a, b), a and b above 0: P(X >= a) of X ~ Binomial(a + b - 1, x) for
/// whole numbers. By the continued fraction of DLMF 8.17.22, so that millions of trials cost no more than hundreds.
[[nodiscard]] double incomplete_beta(double x, double a, double b);

/// The x with I_x(a, b) = p, to the last bit that matters.
[[nodiscard]] double incomplete_beta_quantile(double p, double a, double b);

}  // namespace leakscope::analysis::matching
