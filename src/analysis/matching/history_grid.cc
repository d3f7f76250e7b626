#include "analysis/matching/history_grid.h"

#include <algorithm>
#include <limits>

#include "analysis/matching/saturate.h"

namespace leakscope::analysis::matching {
namespace {

constexpr std::size_t kMostPoints = 1U << 20U;

std::uint64_t divided_up(std::uint64_t value, std::uint64_t by) { return value / by + (value % by != 0 ? 1 : 0); }

}  // namespace

HistoryGrid::HistoryGrid(std::size_t points) : most_(2 * std::clamp<std::size_t>(points, 1, kMostPoints)) {}

unsigned HistoryGrid::advance_far(std::uint64_t time) {
  unsigned doublings = 0;
  // The last of all steps is some 180 years, above half of what 64 bits hold: it cannot overflow.
  while (divided_up(time, step_) >= most_ && step_ <= std::numeric_limits<std::uint64_t>::max() / 4) {
    step_ *= 2;
    ++doublings;
  }
  index_ = static_cast<std::uint32_t>(std::min(divided_up(time, step_), most_));
  point_time_ = index_ * step_;
  return doublings;
}

std::size_t HistoryGrid::points_until(std::uint64_t time) const {
  return static_cast<std::size_t>(std::min(time / step_ + 1, most_));
}

std::uint32_t widened(std::uint32_t index, unsigned doublings) {
  if (doublings >= 32) return index == 0 ? 0 : 1;
  return static_cast<std::uint32_t>(divided_up(index, std::uint64_t{1} << doublings));
}

void widen(std::vector<HistoryChange>& changes, unsigned doublings) {
  std::size_t kept = 0;
  for (HistoryChange change : changes) {
    change.index = widened(change.index, doublings);
    if (kept > 0 && changes[kept - 1].index == change.index) --kept;
    changes[kept++] = change;
  }
  changes.resize(kept);
}

std::vector<model::SitePoint> expanded(const std::vector<HistoryChange>& changes, std::size_t points,
                                       std::uint64_t step) {
  std::vector<model::SitePoint> history(points);
  auto change = changes.begin();
  model::SitePoint held;
  for (std::size_t index = 0; index < points; ++index) {
    for (; change != changes.end() && change->index <= index; ++change) {
      held.bytes = saturated(change->bytes);
      held.count = saturated(change->count);
    }
    held.seconds = static_cast<double>(index) * static_cast<double>(step) * 1e-9;
    history[index] = held;
  }
  return history;
}

}  // namespace leakscope::analysis::matching
