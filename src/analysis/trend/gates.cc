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

}  // namespace

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
  // Four cells on each side, without what the series rises anyway from one to the other.
  const double height = median_of(cells, at, at + 4) - median_of(cells, at < 4 ? 0 : at - 4, at) - 4 * usual.median;
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
  while (regime > 0 && !is_reset(regime)) --regime;
  const double top = level_before(cells, end);
  const double height = top - level_after(cells, last);
  const double highest = *std::max_element(cells.begin() + static_cast<std::ptrdiff_t>(last), cells.end());
  if (highest > top + kTeethMargin * (highest - cells[last])) return last;
  const std::size_t third = (end - regime) / 3;
  if (4 * (end - regime) < n || third == 0) return std::nullopt;
  const bool ramp = median_of(cells, end - third, end) - median_of(cells, regime, regime + third) > 0.1 * height;
  return ramp ? std::nullopt : std::optional(last);
}

std::optional<Halves> compare_halves(const Blocks& blocks) {
  const std::size_t half = blocks.size() / 2;
  if (half < 4) return std::nullopt;
  const std::span<const double> times = blocks.times;
  const std::span<const double> values = blocks.values;
  const auto first = stats::theil_sen(times.first(half), values.first(half));
  const auto second = stats::theil_sen(times.last(half), values.last(half));
  if (!first || !second || first->point <= 0) return std::nullopt;
  Halves result{std::max(0.0, second->point / first->point), false};
  const double shortfall = kSlowShare * first->point - second->point;
  // A quarter of a 95 % interval is one standard error.
  const double error = 0.25 * std::hypot(kSlowShare * (first->upper - first->lower), second->upper - second->lower);
  result.slows_down = shortfall > error || (shortfall > 0 && second->lower <= 0);
  return result;
}

bool has_stopped(std::span<const double> cells, double rise) {
  double highest = cells.empty() ? 0 : cells[0];
  std::size_t last = 0;
  std::size_t longest = 0;
  int records = 0;
  for (std::size_t i = 1; i < cells.size(); ++i) {
    if (cells[i] <= highest + 0.02 * rise) continue;
    longest = std::max(longest, i - last);
    last = i;
    highest = cells[i];
    ++records;
  }
  const std::size_t quiet = cells.size() - 1 - last;
  return records >= 6 && quiet > 3 * longest && 10 * quiet >= cells.size();
}

}  // namespace leakscope::analysis::trend
