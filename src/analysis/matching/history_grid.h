#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/site_tally.h"

namespace leakscope::analysis::matching {

/// Regular times over a window whose length nobody knows yet: they begin close together, and whenever there are too
/// many, every second is dropped. Steps are 10 ms times a power of two. Times are nanoseconds since the first event.
class HistoryGrid {
 public:
  /// In the end `points` to twice as many, when the window is at least kFirstStep * points long.
  explicit HistoryGrid(std::size_t points);

  /// Goes on to a time, never back. By how many doublings the step grew: indexes of before are divided by 2^that,
  /// rounded up.
  unsigned advance(std::uint64_t time) { return time <= point_time_ ? 0 : advance_far(time); }
  /// Of the first of the regular times at or after now: where a change of now shows first.
  [[nodiscard]] std::uint32_t index() const { return index_; }
  [[nodiscard]] std::uint64_t step() const { return step_; }
  /// How many of the regular times lie in a window that ends at `time`, which is not before now.
  [[nodiscard]] std::size_t points_until(std::uint64_t time) const;

  static constexpr std::uint64_t kFirstStep = 78'125;  // 10 ms / 128

 private:
  unsigned advance_far(std::uint64_t time);

  std::uint64_t most_;
  std::uint64_t step_ = kFirstStep;
  std::uint64_t point_time_ = 0;  // of index_
  std::uint32_t index_ = 0;
};

/// What one site held, where it changed: from `index` of the grid on.
struct HistoryChange {
  std::uint32_t index = 0;
  std::uint64_t bytes = 0;
  std::uint64_t count = 0;
};

/// Indexes after the grid's step was doubled so many times; of changes that fall on one, the last stays.
void widen(std::vector<HistoryChange>& changes, unsigned doublings);
[[nodiscard]] std::uint32_t widened(std::uint32_t index, unsigned doublings);

/// What was held at each of the first `points` times; nothing before the first change.
[[nodiscard]] std::vector<model::SitePoint> expanded(const std::vector<HistoryChange>& changes, std::size_t points,
                                                     std::uint64_t step);

}  // namespace leakscope::analysis::matching
