#include "analysis/trend/envelope.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "analysis/stats/mann_kendall.h"
#include "analysis/stats/quantile.h"
#include "analysis/stats/theil_sen.h"
#include "analysis/trend/gates.h"

namespace leakscope::analysis::trend {
namespace {

constexpr double kDay = 86400;
constexpr double kLevelShare = 0.02;
constexpr double kStepShare = 0.6;
constexpr double kStays = 0.005;  // of the rise: less is standing still
constexpr double kAlike = 0.3;
constexpr double kPower = 3.608;  // normal_quantile(0.99) + normal_quantile(0.9)

// First to last block, and the block that the last one stands for.
double span_of(const Blocks& envelope) {
  const auto n = static_cast<double>(envelope.size());
  return n < 2 ? 0 : (envelope.times.back() - envelope.times.front()) * n / (n - 1);
}

std::vector<double> residuals_about(const Blocks& envelope, double slope) {
  std::vector<double> residuals(envelope.size());
  for (std::size_t i = 0; i < residuals.size(); ++i) {
    residuals[i] = envelope.values[i] - slope * (envelope.times[i] - envelope.times[0]);
  }
  return residuals;
}

double correlation_of_neighbours(std::span<const double> residuals) {
  double mean = 0;
  for (const double r : residuals) mean += r / static_cast<double>(residuals.size());
  double squares = 0;
  double products = 0;
  for (std::size_t i = 0; i < residuals.size(); ++i) {
    squares += (residuals[i] - mean) * (residuals[i] - mean);
    if (i > 0) products += (residuals[i] - mean) * (residuals[i - 1] - mean);
  }
  return squares > 0 ? products / squares : 0;
}

// The largest single step between blocks when it makes the rise and nothing else rises.
std::optional<std::size_t> lone_step(const Blocks& envelope, const Line& line, double least_rise) {
  const auto& y = envelope.values;
  std::size_t at = 1;
  for (std::size_t i = 2; i < y.size(); ++i) {
    if (y[i] - y[i - 1] > y[at] - y[at - 1]) at = i;
  }
  const double height = y[at] - y[at - 1];
  if (height <= std::max({kStepShare * (y.back() - y.front()), least_rise, 3 * line.noise})) return std::nullopt;
  Blocks rest = envelope;
  for (std::size_t i = at; i < rest.size(); ++i) rest.values[i] -= height;
  const auto slope = stats::theil_sen(rest.times, rest.values);
  if (slope && slope->lower > 0 && slope->point * line.seconds > least_rise) return std::nullopt;
  return at;
}

}  // namespace

double level_share(double window_seconds) { return kLevelShare * std::min(1.0, window_seconds / kDay); }

std::optional<Line> fit_line(const Blocks& envelope) {
  const auto slope = stats::theil_sen(envelope.times, envelope.values);
  if (!slope) return std::nullopt;
  Line line{*slope, 0, 0, span_of(envelope)};
  line.rise = slope->point * line.seconds;
  auto residuals = residuals_about(envelope, slope->point);
  if (correlation_of_neighbours(residuals) > kAlike) widen_to_walk(envelope.times, envelope.values, line.slope);
  const double center = stats::median_in_place(residuals);
  for (double& r : residuals) r = std::abs(r - center);
  line.noise = stats::kMadToSigma * stats::median_in_place(residuals);
  return line;
}

double detectable_rise(double noise, double independent) {
  return kPower * std::sqrt(12 / std::max(1.0, independent)) * noise;
}

void describe_envelope(const Blocks& envelope, const Line& line, Judgement& judgement) {
  judgement.blocks = static_cast<int>(envelope.size());
  judgement.rate = Rate{line.slope.lower, line.slope.point, line.slope.upper};
  judgement.rise = line.rise;
  const double stays = kStays * std::abs(judgement.rise);
  int rises = 0;
  int falls = 0;
  for (std::size_t i = 1; i < envelope.size(); ++i) {
    rises += envelope.values[i] - envelope.values[i - 1] > stays ? 1 : 0;
    falls += envelope.values[i - 1] - envelope.values[i] > stays ? 1 : 0;
  }
  const auto steps = static_cast<double>(envelope.size() - 1);
  judgement.rising_share = rises / steps;
  judgement.falling_share = falls / steps;
  judgement.pattern = Pattern::kUnknown;
  if (judgement.rising_share >= 0.8) judgement.pattern = Pattern::kSteady;
  if (judgement.rising_share < 0.5 && judgement.falling_share <= 0.1) judgement.pattern = Pattern::kSporadic;
}

double neighbours_alike(const Blocks& envelope, const Line& line) {
  return correlation_of_neighbours(residuals_about(envelope, line.slope.point));
}

Judgement judge_envelope(const Blocks& envelope, double alpha, double least_rise, double least_p) {
  Judgement judgement;
  const auto line = fit_line(envelope);
  if (envelope.size() < 5 || !line) {
    judgement.stopped_by = Gate::kLength;
    return judgement;
  }
  describe_envelope(envelope, *line, judgement);
  const double visible = detectable_rise(line->noise, static_cast<double>(envelope.size()));
  judgement.detectable_rate = std::max(visible, least_rise) / line->seconds;
  judgement.p_value = std::max(least_p, stats::mann_kendall_rise(envelope.values).p_value);
  const Pattern pattern = judgement.pattern;
  judgement.pattern = Pattern::kUnknown;
  judgement.shape = Shape::kFlat;
  if (judgement.p_value >= alpha) {
    judgement.stopped_by = Gate::kSignificance;
  } else if (const auto step = lone_step(envelope, *line, least_rise)) {
    judgement.shape = Shape::kStep;
    judgement.stopped_by = Gate::kStep;
    judgement.pattern = Pattern::kOneShot;
  } else if (line->rise <= std::max(least_rise, 3 * line->noise)) {
    judgement.stopped_by = Gate::kSize;
  } else if (gave_back(envelope, line->rise)) {
    judgement.stopped_by = Gate::kSawtooth;
  } else if (const auto halves = compare_halves(envelope, true); halves && halves->slows_down()) {
    judgement.shape = Shape::kSaturating;
    judgement.stopped_by = Gate::kSaturation;
  } else {
    judgement.shape = Shape::kGrowing;
    judgement.pattern = pattern;
  }
  return judgement;
}

}  // namespace leakscope::analysis::trend
