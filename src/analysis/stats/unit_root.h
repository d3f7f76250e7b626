#pragma once

#include <cstddef>
#include <span>

namespace leakscope::analysis::stats {

/// The augmented Dickey-Fuller statistic (Dickey and Fuller 1979, Said and Dickey 1984) of residuals about a line: the
/// t value of g in r(i) - r(i-1) = g r(i-1) + sum of `lags` earlier differences. Far below zero: the series returns to
/// its line; near zero: it cannot be told from a random walk. 0 when it cannot be computed.
[[nodiscard]] double dickey_fuller(std::span<const double> residuals, std::size_t lags);

/// Schwert's (1989) number of lags, 4 (n / 100)^(1/4); none below 25 values.
[[nodiscard]] std::size_t dickey_fuller_lags(std::size_t n);

/// Below this, a random walk is rejected at 1 % or at 5 %: MacKinnon's (1991) response surface, constant and trend.
[[nodiscard]] double dickey_fuller_critical_1(std::size_t n);
[[nodiscard]] double dickey_fuller_critical_5(std::size_t n);

}  // namespace leakscope::analysis::stats
