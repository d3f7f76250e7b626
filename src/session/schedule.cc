#include "session/schedule.h"

#include <algorithm>

namespace leakscope::session {
namespace {

constexpr Nanoseconds kAlwaysAllowed = std::chrono::milliseconds(5);
constexpr int kSlowestFactor = 64;
constexpr int kExpensiveRunsToSlowDown = 2;
constexpr int kCheapRunsToSpeedUp = 10;

Nanoseconds allowed(Nanoseconds period) { return std::max(kAlwaysAllowed, period / 100); }

}  // namespace

void Schedule::ran(Nanoseconds now) {
  // On the grid of the first run, so that late ticks do not shift all later ones; a long delay starts a new grid.
  next_ = started_ && now < next_ + period_ ? std::max(next_ + period_, now + period_ / 2) : now + period_;
  started_ = true;
}

Schedule::Change Schedule::charge(Nanoseconds cpu) {
  last_cost_ = cpu;
  total_cost_ += cpu;
  // The first run opens files and learns names: its cost says nothing of the next ones.
  if (++runs_ == 1) return Change::kNone;
  if (cpu > allowed(period_)) {
    cheap_in_a_row_ = 0;
    if (++expensive_in_a_row_ < kExpensiveRunsToSlowDown || period_ >= base_period_ * kSlowestFactor)
      return Change::kNone;
    expensive_in_a_row_ = 0;
    next_ += period_;
    period_ *= 2;
    return Change::kSlowedDown;
  }
  expensive_in_a_row_ = 0;
  if (!slowed_down() || cpu * 2 > allowed(period_ / 2) || ++cheap_in_a_row_ < kCheapRunsToSpeedUp) return Change::kNone;
  cheap_in_a_row_ = 0;
  period_ /= 2;
  return Change::kSpedUp;
}

}  // namespace leakscope::session
