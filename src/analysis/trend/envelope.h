#pragma once

#include <optional>

#include "analysis/stats/theil_sen.h"
#include "analysis/trend/grid.h"
#include "analysis/trend/trend.h"

namespace leakscope::analysis::trend {

/// The share of its level that a series must rise by to matter: 2 % in windows of a day and more, in proportion to the
/// window below. That is a pace of 2 % per day: 60 s of a leak of 2 MiB/s count on a level of any size that a machine
/// can have, and noise is held off by the gates that measure noise.
[[nodiscard]] double level_share(double window_seconds);

/// The Theil-Sen line through an envelope, found once.
struct Line {
  stats::Slope slope;  ///< per second; the interval is widened to that of a random walk when neighbours about the
                       ///< line are alike (correlation above 0.3): a leak by chance events is one
  double rise = 0;     ///< slope times window
  double noise = 0;    ///< 1.4826 MAD about the line
  double seconds = 0;  ///< of the window: first to last value and what the last one stands for
};
/// Nothing below two values.
[[nodiscard]] std::optional<Line> fit_line(const Blocks& envelope);

/// The steady rise over the window that exact Mann-Kendall at 1 % finds with 90 % power in `independent` blocks:
/// (2.326 + 1.282) sqrt(12 / n) sigma.
[[nodiscard]] double detectable_rise(double noise, double independent);

/// Fills blocks, rate, rise, shares and pattern.
void describe_envelope(const Blocks& envelope, const Line& line, Judgement& judgement);

/// How much neighbours about the line are alike: the correlation at lag 1; 0 where nothing is off the line.
[[nodiscard]] double neighbours_alike(const Blocks& envelope, const Line& line);

/// Judges few values each of which stands for a day or a round: test and gates on these values alone. At least 5.
/// `least_p`: what another test of the same values gave; the larger one counts.
[[nodiscard]] Judgement judge_envelope(const Blocks& envelope, double alpha, double least_rise, double least_p = 0);

}  // namespace leakscope::analysis::trend
