#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "analysis/stats/theil_sen.h"
#include "analysis/trend/grid.h"

namespace leakscope::analysis::trend {

/// From cell to cell.
struct Steps {
  double median = 0;  ///< what the series does steadily
  double noise = 0;   ///< 1.4826 MAD about that
};
[[nodiscard]] Steps usual_steps(std::span<const double> cells);

/// One sharp, lasting step up that makes more than 60 % of the rise.
struct StepUp {
  std::size_t first_after = 0;  ///< cell
  double height = 0;
};
[[nodiscard]] std::optional<StepUp> find_step(std::span<const double> cells, const Steps& usual, double least_height);

/// Whether the series gave back what it took: the envelope once fell by more than half of the rise and stayed there,
/// or a tooth (a sharp drop of that size) is not followed by a level clearly above the one it dropped from.
[[nodiscard]] bool gave_back(const Blocks& envelope, double rise);
[[nodiscard]] bool has_equal_teeth(std::span<const double> cells, double noise, double rise);

/// The first cell after the last reset (a lasting drop by more than half of the level) if what came after stands on its
/// own: the level before has been surpassed, or it was held for a quarter of the window and was no ramp. A ramp, a
/// drop and a ramp are teeth, not a reset. `cells` are the grid's values without gaps.
[[nodiscard]] std::optional<std::size_t> after_reset(const Grid& grid, std::span<const double> cells, double noise);

/// Widens the 95 % interval of a slope to that of a series whose steps are independent of each other.
void widen_to_walk(std::span<const double> times, std::span<const double> values, stats::Slope& slope);

/// The paces of the two halves, by Theil-Sen slopes.
struct Halves {
  stats::Slope first;
  stats::Slope second;
  bool wandering = false;  ///< the intervals are those of a random walk, and wide

  /// Second by first; 0 when the second does not rise.
  [[nodiscard]] double ratio() const;
  /// The second is below 70 % of the first by more than its standard error; for a wandering series it is enough that
  /// it is not shown to rise at all.
  [[nodiscard]] bool slows_down() const;
  /// The second is above this share of the first by more than its standard error.
  [[nodiscard]] bool keeps(double share) const;
};
/// Nothing when there are too few values (8) or the first half does not rise. `independent`: the values are; else the
/// intervals are those of a random walk.
[[nodiscard]] std::optional<Halves> compare_halves(const Blocks& blocks, bool independent);

/// Whether it rose in many small steps and then stopped: no lasting rise for three times the longest wait before, and
/// for a tenth of the window.
[[nodiscard]] bool has_stopped(std::span<const double> cells, double noise);

}  // namespace leakscope::analysis::trend
