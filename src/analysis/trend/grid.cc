#include "analysis/trend/grid.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "analysis/stats/quantile.h"

namespace leakscope::analysis::trend {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr double kDay = 86400;
constexpr std::size_t kMostCells = 2048;
constexpr std::size_t kMostBlocks = 168;

double seconds_between(const model::Point& a, const model::Point& b) {
  return difference(b.time.since_boot.count(), a.time.since_boot.count()) * 1e-9;
}

// The usual distance of neighbours; of a long series a part is enough.
double usual_spacing(std::span<const model::Point> points, double span) {
  const double mean = span / static_cast<double>(points.size() - 1);
  const bool regular = std::adjacent_find(points.begin(), points.end(), [&](const auto& a, const auto& b) {
                         return std::abs(seconds_between(a, b) - mean) > 0.2 * mean;
                       }) == points.end();
  if (regular) return mean;
  const std::size_t stride = points.size() / 512 + 1;
  std::vector<double> spacing;
  spacing.reserve(points.size() / stride + 1);
  for (std::size_t i = 0; i + 1 < points.size(); i += stride) {
    const double d = seconds_between(points[i], points[i + 1]);
    if (d > 0) spacing.push_back(d);
  }
  return spacing.empty() ? 0 : stats::median_in_place(spacing);
}

// 5 minutes from a day on, a 288th of shorter windows, never more than 2048 cells; a multiple of the spacing.
double choose_cell(double spacing, double span) {
  const double wanted = std::max(std::min(span, kDay) / 288, span / (kMostCells - 1));
  return spacing * std::max(1.0, std::round(wanted / spacing - 0.01));
}

bool in_order(std::span<const model::Point> points) {
  return std::adjacent_find(points.begin(), points.end(),
                            [](const auto& a, const auto& b) { return a.time >= b.time; }) == points.end();
}

// By time; of points at the same time the last one stays.
void put_in_order(std::vector<model::Point>& points) {
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return points[a].time != points[b].time ? points[a].time < points[b].time : a < b;
  });
  std::vector<model::Point> sorted;
  sorted.reserve(points.size());
  for (const std::size_t i : order) {
    if (!sorted.empty() && sorted.back().time == points[i].time) sorted.pop_back();
    sorted.push_back(points[i]);
  }
  points = std::move(sorted);
}

template <typename Summary>
Blocks in_blocks(const Grid& grid, std::size_t cells, Summary summary) {
  Blocks blocks;
  blocks.length = grid.cell * static_cast<double>(cells);
  const std::size_t count = blocks_in(grid.size(), cells);
  blocks.times.reserve(count);
  blocks.values.reserve(count);
  std::vector<double> members;
  members.reserve(cells);
  for (std::size_t block = count; block-- > 0;) {
    const std::size_t last = grid.size() - block * cells;
    members.clear();
    double time = 0;
    for (std::size_t i = last < cells ? 0 : last - cells; i < last; ++i) {
      if (std::isnan(grid.values[i])) continue;
      members.push_back(grid.values[i]);
      time += grid.time(i);
    }
    // A block that is mostly a gap would compare a moment with a whole block.
    if (members.empty() || 4 * members.size() < cells) continue;
    blocks.times.push_back(time / static_cast<double>(members.size()));
    blocks.values.push_back(summary(std::span(members)));
  }
  return blocks;
}

}  // namespace

double difference(std::int64_t a, std::int64_t b) {
  const auto ua = static_cast<std::uint64_t>(a);
  const auto ub = static_cast<std::uint64_t>(b);
  return a >= b ? static_cast<double>(ua - ub) : -static_cast<double>(ub - ua);
}

std::size_t Grid::present() const {
  return static_cast<std::size_t>(std::count_if(values.begin(), values.end(), [](double v) { return !std::isnan(v); }));
}

Grid Grid::tail(std::size_t first) const {
  Grid result{origin, time(first), cell, base, {}};
  result.values.assign(values.begin() + static_cast<std::ptrdiff_t>(first), values.end());
  return result;
}

std::optional<Grid> make_grid(std::span<const model::Point> points) {
  std::vector<model::Point> sorted;
  if (!in_order(points)) {
    sorted.assign(points.begin(), points.end());
    put_in_order(sorted);
    points = sorted;
  }
  if (points.size() < 2) return std::nullopt;
  const double span = seconds_between(points.front(), points.back());
  const double spacing = usual_spacing(points, span);
  if (!(spacing > 0)) return std::nullopt;
  Grid grid;
  grid.origin = points.front().time;
  grid.cell = choose_cell(spacing, span);
  grid.base = static_cast<double>(points.front().value);
  const auto nearest_cell = [&](const model::Point& point) {
    const double cells = seconds_between(points.front(), point) / grid.cell;
    const auto below = static_cast<std::size_t>(cells);
    return below + (cells - static_cast<double>(below) >= 0.5 ? 1 : 0);
  };
  const std::size_t cells = nearest_cell(points.back()) + 1;
  grid.values.assign(std::min(cells, kMostCells + 1), kMissing);
  const std::int64_t first = points.front().value;
  std::vector<double> members;
  for (std::size_t i = 0; i < points.size();) {
    const std::size_t index = std::min(nearest_cell(points[i]), grid.size() - 1);
    members.clear();
    do {
      members.push_back(difference(points[i].value, first));
      ++i;
    } while (i < points.size() && nearest_cell(points[i]) <= index);
    grid.values[index] = members.size() == 1 ? members[0] : stats::median_in_place(members);
  }
  return grid;
}

Grid coarser(const Grid& grid) {
  const std::size_t odd = grid.size() % 2;
  Grid result{grid.origin, grid.time(0) + (odd ? -0.5 : 0.5) * grid.cell, 2 * grid.cell, grid.base, {}};
  if (odd) result.values.push_back(grid.values.front());
  for (std::size_t i = odd; i < grid.size(); i += 2) {
    const double a = grid.values[i];
    const double b = grid.values[i + 1];
    result.values.push_back(std::isnan(a) ? b : std::isnan(b) ? a : a + (b - a) / 2);
  }
  return result;
}

std::size_t blocks_in(std::size_t cells, std::size_t block) { return (cells + block / 4) / block; }

Blocks lower_envelope(const Grid& grid, std::size_t cells) {
  return in_blocks(grid, cells, [](std::span<double> members) {
    return members.size() < 20 ? *std::min_element(members.begin(), members.end())
                               : stats::quantile_in_place(members, 0.05);
  });
}

Blocks middles(const Grid& grid, std::size_t cells) {
  return in_blocks(grid, cells, [](std::span<double> members) { return stats::median_in_place(members); });
}

std::size_t finest_block(const Grid& grid) {
  const std::size_t twelfth = grid.size() / 12;
  const auto hour = static_cast<std::size_t>(std::llround(3600 / grid.cell));
  return std::max({std::size_t{1}, std::min(twelfth, hour), (grid.size() + kMostBlocks - 1) / kMostBlocks});
}

}  // namespace leakscope::analysis::trend
