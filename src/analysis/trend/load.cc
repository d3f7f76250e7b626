#include "analysis/trend/load.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "analysis/stats/mann_kendall.h"
#include "analysis/stats/quantile.h"
#include "analysis/stats/regression.h"
#include "analysis/stats/theil_sen.h"

namespace leakscope::analysis::trend {
namespace {

constexpr double kLeastSpread = 0.05;   // of the covariate's level: below this the load is steady
constexpr double kClearlyBetter = 0.8;  // of the residual noise about another model
constexpr double kStraight = 0.02;      // of the rise: memory this near to a line says nothing of what else it follows
constexpr double kNotWorse = 1.5;
constexpr double kNoisyLoad = 0.05;       // of the rise
constexpr double kUnexplained = 1.0 / 3;  // of the rise

/// The covariate over time since `origin`: a gauge as it is, a counter as the sum of its rises (a reset counts
/// as the rise before it).
struct Curve {
  std::vector<double> times;
  std::vector<double> values;

  [[nodiscard]] double at(double time) const {
    const auto next = std::lower_bound(times.begin(), times.end(), time);
    if (next == times.begin()) return values.front();
    if (next == times.end()) return values.back();
    const auto i = static_cast<std::size_t>(next - times.begin());
    const double share = (time - times[i - 1]) / (times[i] - times[i - 1]);
    return values[i - 1] + share * (values[i] - values[i - 1]);
  }
};

Curve read_curve(const Options::Covariate& covariate, BootTime origin) {
  Curve curve;
  double sum = 0;
  double step = 0;
  const model::Point* before = nullptr;
  for (const model::Point& point : *covariate.series) {
    if (before != nullptr && point.time <= before->time) continue;
    if (covariate.is_counter) {
      if (before != nullptr && point.value >= before->value) step = difference(point.value, before->value);
      sum += step;
    } else {
      sum = static_cast<double>(point.value);
    }
    curve.times.push_back(difference(point.time.since_boot.count(), origin.since_boot.count()) * 1e-9);
    curve.values.push_back(sum);
    before = &point;
  }
  return curve;
}

/// Per block: the load, and for counters the work done until the middle of the block.
struct Load {
  std::vector<double> level;
  std::vector<double> work;
  std::vector<double> clock;  ///< the time as the load's own samples tell it: what a straight line would have as level
};

std::optional<Load> over_blocks(const Curve& curve, const Blocks& envelope, bool is_counter) {
  const double half = envelope.length / 2;
  if (curve.times.size() < 3 || curve.times.front() > envelope.times.front() + half ||
      curve.times.back() < envelope.times.back() - half) {
    return std::nullopt;
  }
  Load load;
  for (const double time : envelope.times) {
    const double from = std::max(time - half, curve.times.front());
    const double to = std::min(time + half, curve.times.back());
    if (is_counter) {
      load.level.push_back(to > from ? (curve.at(to) - curve.at(from)) / (to - from) : 0);
      load.work.push_back(curve.at(time));
      load.clock.push_back(time);
      continue;
    }
    const auto first = std::lower_bound(curve.times.begin(), curve.times.end(), from);
    const auto last = std::upper_bound(curve.times.begin(), curve.times.end(), to);
    if (first >= last) {
      load.level.push_back(curve.at(time));
      load.clock.push_back(time);
      continue;
    }
    const auto count = static_cast<double>(last - first);
    const auto values = curve.values.begin() + (first - curve.times.begin());
    load.level.push_back(std::accumulate(values, values + (last - first), 0.0) / count);
    load.clock.push_back(std::accumulate(first, last, 0.0) / count);
  }
  return load;
}

double scale_about(std::span<const double> y, const std::vector<double>& x) {
  const std::vector<std::vector<double>> columns = {x};
  const auto fit = stats::huber_fit(y, columns);
  if (!fit) return std::numeric_limits<double>::infinity();
  double squares = 0;
  for (const double r : fit->residuals) squares += r * r;
  return std::sqrt(squares / static_cast<double>(y.size()));
}

// The residual scale when the covariate explains the rise, nothing when it does not.
std::optional<double> explains(const Blocks& envelope, const Load& load, double least_rise, double alpha) {
  const auto [low, high] = std::minmax_element(load.level.begin(), load.level.end());
  if (*high - *low <= kLeastSpread * std::max(std::abs(*high), std::abs(*low))) return std::nullopt;
  const double rising = stats::mann_kendall_rise(load.level).p_value;
  if (rising >= 0.05) return std::nullopt;
  const std::vector<std::vector<double>> columns = {load.level};
  const auto fit = stats::huber_fit(envelope.values, columns);
  if (!fit || fit->coefficients[0] <= 0) return std::nullopt;
  const auto left = stats::theil_sen(envelope.times, fit->residuals);
  const auto all = stats::theil_sen(envelope.times, envelope.values);
  if (!left || !all) return std::nullopt;
  const double span = envelope.times.back() - envelope.times.front();
  const bool still_rises = stats::mann_kendall_rise(fit->residuals).p_value < alpha && left->point * span > least_rise;
  if (still_rises || left->point > kUnexplained * all->point) return std::nullopt;

  const double about_load = scale_about(envelope.values, load.level);
  // Memory and load are cut by the same window, and may be read at the same moments: what they share by that is time.
  const double about_line =
      std::min(scale_about(envelope.values, envelope.times), scale_about(envelope.values, load.clock));
  if (load.work.empty()) {
    const bool better = about_line > kStraight * all->point * span && about_load <= kClearlyBetter * about_line;
    return better ? std::optional(about_load) : std::nullopt;
  }
  if (scale_about(envelope.values, load.work) < kClearlyBetter * about_load) return std::nullopt;
  // A load that clearly rises need not beat the line: it may be noisier than the memory that smooths it.
  const double limit =
      rising < alpha ? std::max(kNotWorse * about_line, kNoisyLoad * all->point * span) : kClearlyBetter * about_line;
  return about_load <= limit ? std::optional(about_load) : std::nullopt;
}

}  // namespace

std::optional<std::string> explaining_load(const Blocks& envelope, BootTime origin, double least_rise,
                                           const Options& options) {
  if (envelope.size() < 8) return std::nullopt;
  std::optional<std::string> best;
  double least_scale = std::numeric_limits<double>::infinity();
  for (const Options::Covariate& covariate : options.covariates) {
    if (covariate.series == nullptr) continue;
    const auto load = over_blocks(read_curve(covariate, origin), envelope, covariate.is_counter);
    if (!load) continue;
    const auto scale = explains(envelope, *load, least_rise, options.alpha);
    if (scale && *scale < least_scale) {
      least_scale = *scale;
      best = covariate.name;
    }
  }
  return best;
}

}  // namespace leakscope::analysis::trend
