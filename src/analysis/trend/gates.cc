#include "analysis/trend/gates.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "analysis/stats/change_point.h"
#include "analysis/stats/quantile.h"
#include "analysis/stats/theil_sen.h"

namespace leakscope::analysis::trend {
namespace {

constexpr double kStepShare = 0.6;
constexpr double kBackShare = 0.5;
constexpr double kTeethMargin = 0.25;
constexpr double kSlowShare = 0.7;
constexpr double kSigmas = 6;
constexpr double kLastingSigmas = 5;  // the range of a few dozen noise values is 3 sigma of their steps

double median_of(std::span<const double> cells, std::size_t first, std::size_t last) {
  std::array<double, 64> buffer{};
  last = std::min(last, cells.size());
  if (last - first > buffer.size()) return stats::median(cells.subspan(first, last - first));
  const auto end = std::copy(cells.begin() + static_cast<std::ptrdiff_t>(first),
                             cells.begin() + static_cast<std::ptrdiff_t>(last), buffer.begin());
  return stats::median_in_place({buffer.begin(), end});
}

// The level before cell i, and whether a drop after it lasts: what stands two cells later, one at the end.
double level_before(std::span<const double> cells, std::size_t i) { return median_of(cells, i < 3 ? 0 : i - 3, i); }
double level_after(std::span<const double> cells, std::size_t i) {
  return i + 1 < cells.size() ? std::max(cells[i], cells[i + 1]) : cells[i];
}

// A plateau that was switched on as sharply as it was switched off: a buffer, not a tooth.
bool is_pulse(std::span<const double> cells, std::size_t drop_at, double height) {
  const double floor = level_after(cells, drop_at);
  for (std::size_t j = 1; j < drop_at; ++j) {
    const double below = level_before(cells, j);
    if (cells[j] - cells[j - 1] >= 0.7 * height && std::abs(below - floor) <= 0.3 * height) return true;
  }
  return false;
}

// The standard error of second minus share times first: a quarter of the width of a 95 % interval each.
double error_of(const Halves& halves, double share) {
  return 0.25 *
         std::hypot(share * (halves.first.upper - halves.first.lower), halves.second.upper - halves.second.lower);
}

// Four cells on each side, without what the series rises anyway from one to the other. On a busy machine a block is
// touched over a few samples: in a long series two cells on each side belong to the step, if it is over with them.
double height_of_step(std::span<const double> cells, std::size_t at, std::size_t middle, const Steps& usual) {
  const auto height = [&](std::size_t where, std::size_t within) {
    return median_of(cells, where + within, where + within + 4) -
           median_of(cells, where - within < 4 ? 0 : where - within - 4, where - within) -
           static_cast<double>(4 + 2 * within) * usual.median;
  };
  const std::size_t n = cells.size();
  if (n < 48 || middle < 6 || middle + 6 > n) return height(at, 0);
  const double wide = height(middle, 2);
  const double before = cells[middle - 4] - cells[middle - 6];
  const double after = cells[middle + 5] - cells[middle + 3];
  return std::max(before, after) <= 0.15 * wide ? std::max(wide, height(at, 0)) : height(at, 0);
}

}  // namespace

void widen_to_walk(std::span<const double> times, std::span<const double> values, stats::Slope& slope) {
  const auto steps = static_cast<double>(values.size() - 1);
  const double mean = (values.back() - values.front()) / steps;
  double squares = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    squares += (values[i] - values[i - 1] - mean) * (values[i] - values[i - 1] - mean);
  }
  const double half = 1.96 * std::sqrt(squares * steps / std::max(1.0, steps - 1)) / (times.back() - times.front());
  slope.lower = std::min(slope.lower, slope.point - half);
  slope.upper = std::max(slope.upper, slope.point + half);
}

Steps usual_steps(std::span<const double> cells) {
  if (cells.size() < 3) return {};
  std::vector<double> steps(cells.size() - 1);
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i] = cells[i + 1] - cells[i];
  Steps result;
  result.median = stats::median_in_place(steps);
  for (double& step : steps) step = std::abs(step - result.median);
  result.noise = stats::kMadToSigma * stats::median_in_place(steps);
  return result;
}

std::optional<StepUp> find_step(std::span<const double> cells, const Steps& usual, double least_height) {
  const auto levels = stats::two_levels(cells);
  if (!levels || levels->after <= levels->before) return std::nullopt;
  const std::size_t n = cells.size();
  // The split by squares may stand a cell or two beside the step itself.
  const std::size_t from = levels->first_after > 3 ? levels->first_after - 2 : 1;
  const std::size_t to = std::min(levels->first_after + 3, n);
  std::size_t at = from;
  for (std::size_t i = from; i < to; ++i) {
    if (cells[i] - cells[i - 1] > cells[at] - cells[at - 1]) at = i;
  }
  const double height = height_of_step(cells, at, levels->first_after, usual);
  const auto [least, most] = std::minmax_element(cells.begin(), cells.end());
  const std::size_t sixth = std::max<std::size_t>(1, n / 6);
  const double total = std::max(median_of(cells, n - sixth, n) - median_of(cells, 0, sixth), height);
  const bool sharp = height > kStepShare * total && height > 0.5 * (*most - *least) && height > kSigmas * usual.noise &&
                     height > least_height;
  const bool lasting = levels->after - levels->before > kStepShare * height;
  if (!sharp || !lasting || levels->squares_two_levels > levels->squares_line) return std::nullopt;
  return StepUp{at, height};
}

bool gave_back(const Blocks& envelope, double rise) {
  const auto& y = envelope.values;
  double peak = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < y.size(); ++i) {
    // One low block inside the window is a dip; at its end nothing shows that it comes back.
    if (peak - level_after(y, i) > kBackShare * rise) return true;
    peak = std::max(peak, y[i]);
  }
  return false;
}

bool has_equal_teeth(std::span<const double> cells, double noise, double rise) {
  const double least = std::max(kBackShare * rise, kSigmas * noise);
  for (std::size_t i = 1; i < cells.size(); ++i) {
    const double top = level_before(cells, i);
    const double height = top - level_after(cells, i);
    if (!(height > least) || is_pulse(cells, i, height)) continue;
    const double later = *std::max_element(cells.begin() + static_cast<std::ptrdiff_t>(i), cells.end());
    return later < top + kTeethMargin * rise;
  }
  return false;
}

std::optional<std::size_t> after_reset(const Grid& grid, std::span<const double> cells, double noise) {
  const std::size_t n = cells.size();
  const auto is_reset = [&](std::size_t i) {
    const double top = level_before(cells, i);
    const double height = top - level_after(cells, i);
    return top + grid.base > 0 && height > 0.5 * (top + grid.base) && height > kSigmas * noise;
  };
  std::size_t last = n;
  while (last > 1 && !is_reset(last - 1)) --last;
  if (last <= 1) return std::nullopt;
  --last;
  // Neighbouring cells of the same drop belong to it.
  std::size_t regime = last;
  while (regime > 1 && is_reset(regime - 1)) --regime;
  const std::size_t end = regime;
  do {
    --regime;
  } while (regime > 0 && !is_reset(regime));
  const double top = level_before(cells, end);
  const double height = top - level_after(cells, last);
  const double highest = *std::max_element(cells.begin() + static_cast<std::ptrdiff_t>(last), cells.end());
  if (highest > top + kTeethMargin * (highest - cells[last])) return last;
  const std::size_t third = (end - regime) / 3;
  if (4 * (end - regime) < n || third == 0) return std::nullopt;
  const bool ramp = median_of(cells, end - third, end) - median_of(cells, regime, regime + third) > 0.1 * height;
  return ramp ? std::nullopt : std::optional(last);
}

double Halves::ratio() const { return std::max(0.0, second.point / first.point); }

bool Halves::slows_down() const {
  const double shortfall = kSlowShare * first.point - second.point;
  return shortfall > error_of(*this, kSlowShare) || (wandering && shortfall > 0 && second.lower <= 0);
}

bool Halves::keeps(double share) const { return second.point - share * first.point >= error_of(*this, share); }

std::optional<Halves> compare_halves(const Blocks& blocks, bool independent) {
  const std::size_t half = blocks.size() / 2;
  if (half < 4) return std::nullopt;
  const auto slope = [&](std::size_t from) {
    const auto times = std::span(blocks.times).subspan(from, half);
    const auto values = std::span(blocks.values).subspan(from, half);
    auto result = stats::theil_sen(times, values);
    if (result && !independent) widen_to_walk(times, values, *result);
    return result;
  };
  const auto first = slope(0);
  const auto second = slope(blocks.size() - half);
  if (!first || !second || first->point <= 0) return std::nullopt;
  return Halves{*first, *second, !independent};
}

bool has_stopped(std::span<const double> cells, double noise) {
  // The level that each moment left behind for good: what comes and goes does not show in it.
  std::vector<double> lasting(cells.begin(), cells.end());
  for (std::size_t i = lasting.size(); i-- > 1;) lasting[i - 1] = std::min(lasting[i - 1], lasting[i]);
  if (lasting.empty()) return false;
  const double least = std::max(0.005 * (lasting.back() - lasting.front()), kLastingSigmas * noise);
  double highest = lasting[0];
  std::size_t last = 0;
  std::size_t longest = 0;
  int rises = 0;
  for (std::size_t i = 1; i < lasting.size(); ++i) {
    if (lasting[i] <= highest + least) continue;
    longest = std::max(longest, i - last);
    last = i;
    highest = lasting[i];
    ++rises;
  }
  const std::size_t quiet = lasting.size() - 1 - last;
  return rises >= 6 && quiet > 3 * longest && 10 * quiet >= lasting.size();
}

}  // namespace leakscope::analysis::trend
