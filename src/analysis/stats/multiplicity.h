#pragma once

#include <span>
#include <vector>

namespace leakscope::analysis::stats {

/// q-values, in the order of the p-values: the smallest false discovery rate at which each would be rejected.
/// Benjamini and Hochberg (1995): holds for independent or positively dependent tests.
[[nodiscard]] std::vector<double> benjamini_hochberg(std::span<const double> p_values);
/// Benjamini and Yekutieli (2001): holds under any dependence; the BH values times 1 + 1/2 + ... + 1/m.
[[nodiscard]] std::vector<double> benjamini_yekutieli(std::span<const double> p_values);

/// One p-value for "at least one of these is real", for a parent of a hierarchy. Simes (1986): min p(k) * m / k; right
/// under positive dependence, which series of one machine have. 1 when empty.
[[nodiscard]] double simes(std::span<const double> p_values);
/// Fisher (1925): -2 sum ln p is chi-squared with 2m degrees of freedom; for independent tests only. 1 when empty.
[[nodiscard]] double fisher_combined(std::span<const double> p_values);

}  // namespace leakscope::analysis::stats
