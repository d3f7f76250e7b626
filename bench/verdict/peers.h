#pragma once

#include <span>

#include "model/series.h"

namespace leakscope::bench::verdict {

/// Plain Mann-Kendall over all points, normal approximation with ties and continuity; one-sided p for a rise.
[[nodiscard]] double plain_mann_kendall(std::span<const model::Point> series);

/// Hamed and Rao (1998) as pyMannKendall's hamed_rao_modification_test does it, all lags: variance corrected by the
/// significant autocorrelations of the ranks of the Sen-detrended series; one-sided p for a rise.
[[nodiscard]] double hamed_rao(std::span<const model::Point> series);

/// Prometheus: predict_linear(x[range], ahead) > limit, held `hold` long, at some moment of the series (seconds).
[[nodiscard]] bool predict_linear_alarms(std::span<const model::Point> series, double range, double ahead, double hold,
                                         double limit);

}  // namespace leakscope::bench::verdict
