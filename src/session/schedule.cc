#include "session/schedule.h"

#include <algorithm>

namespace leakscope::session {
namespace {

constexpr Nanoseconds kAlwaysAllowed = std::chrono::milliseconds(5);
constexpr int kSlowestFactor = 64;
constexpr int kExpensiveRunsToSlowDown = 2;
constexpr int kCheapRunsToSpeedUp = 10;

Nanoseconds allowed_at(Nanoseconds period) { return std::max(kAlwaysAllowed, period / 100); }

}  // namespace

Nanoseconds Schedule::allowed() const {
  if (longest_ && 2 * period_ > *longest_) return std::max(kAlwaysAllowed, period_ / 10);
  return allowed_at(period_);
}

void Schedule::ran(Nanoseconds now) {
  // On the grid of the first run, so that late ticks do not shift all later ones; a long delay starts a new grid.
  next_ = started_ && now < next_ + period_ ? std::max(next_ + period_, now + period_ / 2) : now + period_;
  started_ = true;
}

Schedule::Change Schedule::charge(Nanoseconds cpu) {
  last_cost_ = cpu;
  total_cost_ += cpu;
  if (shortest_ < period_ && !slowed_down() && cpu * 2 <= allowed_at(shortest_)) {
    ++runs_;
    next_ -= period_ - shortest_;
    period_ = shortest_;
    return Change::kSpedUp;
  }
  // The first run opens files and learns names: its cost says nothing of the next ones.
  if (++runs_ == 1) return Change::kNone;
  if (cpu > allowed()) {
    cheap_in_a_row_ = 0;
    if (++expensive_in_a_row_ < kExpensiveRunsToSlowDown || period_ >= base_period_ * kSlowestFactor)
      return Change::kNone;
    expensive_in_a_row_ = 0;
    shortest_ = base_period_;
    const Nanoseconds longer = period_ < base_period_ ? base_period_ : period_ * 2;
    next_ += longer - period_;
    period_ = longer;
    return slowed_down() ? Change::kSlowedDown : Change::kNone;
  }
  expensive_in_a_row_ = 0;
  if (!slowed_down() || cpu * 2 > allowed_at(period_ / 2) || ++cheap_in_a_row_ < kCheapRunsToSpeedUp)
    return Change::kNone;
  cheap_in_a_row_ = 0;
  period_ /= 2;
  return Change::kSpedUp;
}

}  // namespace leakscope::session
