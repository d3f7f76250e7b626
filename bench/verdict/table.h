#pragma once

#include <span>
#include <string>
#include <vector>

#include "analysis/trend/trend.h"
#include "model/series.h"

namespace leakscope::bench::verdict {

/// How a peer is set up for a kind of window.
struct PredictLinear {
  double range = 0;
  double ahead = 0;
  double hold = 0;
  double limit_share = 0;  ///< of the first value
  double limit = 0;        ///< when limit_share is 0
};

/// What came out for one class and window.
struct Tally {
  int series = 0;
  int shapes[6] = {};
  int plain_mann_kendall = 0;
  int hamed_rao = 0;
  int predict_linear = 0;
  int peers_series = 0;
  std::vector<double> rate_errors;  ///< relative, of those that were called growing
  int covered = 0;                  ///< their interval holds the true rate
  int beyond = 0;                   ///< growing with p < 1e-4: what a correction for many series would let through
  double nanoseconds = 0;           ///< spent in judge()

  void judge(std::span<const model::Point> series, const analysis::trend::Options& options, double true_rate);
  void judge_by_peers(std::span<const model::Point> series, const PredictLinear& setting);
  [[nodiscard]] int growing() const { return shapes[0]; }
};

void print_head(const std::string& title);
void print_row(const std::string& name, bool leaks, const Tally& tally);

}  // namespace leakscope::bench::verdict
