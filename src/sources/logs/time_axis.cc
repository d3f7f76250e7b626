#include "sources/logs/time_axis.h"

#include <algorithm>
#include <chrono>

namespace leakscope::sources::logs {
namespace {

constexpr Nanoseconds kDay = std::chrono::hours(24);
/// Lines of two writers, and times rounded to seconds, stand in the wrong order by so much without any clock's doing.
constexpr Nanoseconds kDisorder = std::chrono::seconds(2);
constexpr Nanoseconds kLongestGap = 30 * kDay;
constexpr Nanoseconds kShortestGap = std::chrono::minutes(10);

/// Held at both ends: what a hostile log says is no reason to overflow.
Nanoseconds sum(Nanoseconds a, Nanoseconds b) {
  Nanoseconds::rep total = 0;
  if (!__builtin_add_overflow(a.count(), b.count(), &total)) return Nanoseconds(total);
  return a.count() < 0 ? Nanoseconds::min() : Nanoseconds::max();
}
Nanoseconds difference(Nanoseconds a, Nanoseconds b) {
  return sum(a, b == Nanoseconds::min() ? Nanoseconds::max() : -b);
}

}  // namespace

Nanoseconds TimeAxis::wall_value(LogTime time) {
  if (time.kind == LogTime::Kind::kTimeOfDay) {
    if (last_of_day_ && *last_of_day_ - time.value > kDay / 2) days_ += kDay;
    last_of_day_ = time.value;
    return sum(days_, time.value);
  }
  if (time.year_guessed) {
    if (last_yearless_ && difference(*last_yearless_, sum(time.value, years_)) > 180 * kDay) {
      const auto year = std::chrono::year_month_day(
                            std::chrono::floor<std::chrono::days>(std::chrono::sys_time<Nanoseconds>(*last_yearless_)))
                            .year();
      years_ += year.is_leap() ? 366 * kDay : 365 * kDay;
    }
    last_yearless_ = sum(time.value, years_);
    return *last_yearless_;
  }
  return time.value;
}

std::optional<Nanoseconds> TimeAxis::usual_gap() const {
  if (gaps_seen_ == 0) return std::nullopt;
  auto gaps = gaps_;
  const auto count = static_cast<std::ptrdiff_t>(std::min(gaps_seen_, gaps.size()));
  std::nth_element(gaps.begin(), gaps.begin() + count / 2, gaps.begin() + count);
  return gaps[static_cast<std::size_t>(count / 2)];
}

void TimeAxis::note_gap(Nanoseconds gap) { gaps_[gaps_seen_++ % gaps_.size()] = gap; }

void TimeAxis::anchor(const LogMoment& moment, Nanoseconds wall, Nanoseconds at) {
  if (moment.wall) wall_offset_ = difference(at, wall);
  if (moment.since_boot) boot_offset_ = difference(at, *moment.since_boot);
}

TimeAxis::Placed TimeAxis::place(const LogMoment& moment, bool was_set) {
  const Nanoseconds wall = moment.wall ? wall_value(*moment.wall) : Nanoseconds{0};
  const auto make = [&](Nanoseconds at) {
    Nanoseconds shown = moment.wall ? wall : Nanoseconds{0};
    if (!moment.wall && last_) shown = sum(last_->wall.since_epoch, difference(at, last_->boot.since_boot));
    return Moment{BootTime{at}, WallTime{shown}, at};
  };
  if (!last_) {
    const Nanoseconds at = moment.since_boot.value_or(Nanoseconds{0});
    anchor(moment, wall, at);
    last_ = make(at);
    return {*last_, Step::kNone, {}};
  }
  const Nanoseconds last = last_->boot.since_boot;
  const Nanoseconds usual = usual_gap().value_or(std::chrono::seconds(1));
  Placed placed;
  // The time since boot is the better clock: nobody sets it.
  std::optional<Nanoseconds> at;
  if (moment.since_boot && boot_offset_) {
    at = sum(*moment.since_boot, *boot_offset_);
  } else if (moment.wall && wall_offset_) {
    at = sum(wall, *wall_offset_);
  }
  if (!at) {
    at = sum(last, usual);
  } else if (*at <= last && difference(last, *at) <= kDisorder) {
    return {*last_, Step::kSame, {}};
  } else if (*at < last) {
    placed.step = moment.since_boot && boot_offset_ ? Step::kReboot : Step::kBack;
    placed.jump = difference(last, *at);
    at = sum(last, usual);
  } else if (const Nanoseconds gap = difference(*at, last); gap > kLongestGap && gaps_seen_ > 0 && gap / 100 > usual) {
    placed.step = Step::kFarForward;
    placed.jump = gap;
    at = sum(last, usual);
  } else {
    if (gap > kShortestGap && gaps_seen_ > 0 && gap / 10 > usual) {
      placed.step = was_set ? Step::kFarForward : Step::kGap;
      placed.jump = gap;
      if (was_set) at = sum(last, usual);
    } else {
      note_gap(gap);
    }
    // Both clocks are known: when they part, the calendar's was set.
    if (moment.since_boot && moment.wall && wall_offset_) {
      const Nanoseconds apart = difference(sum(wall, *wall_offset_), *at);
      if (apart > kDisorder || apart < -kDisorder) {
        placed.step = apart < Nanoseconds{0} ? Step::kBack : Step::kFarForward;
        placed.jump = std::max(apart, difference({}, apart));
      }
    }
  }
  anchor(moment, wall, *at);
  last_ = make(*at);
  placed.moment = *last_;
  return placed;
}

Moment TimeAxis::place_after(Nanoseconds after) {
  if (!last_) {
    last_ = Moment{};
    return *last_;
  }
  last_->boot.since_boot = sum(last_->boot.since_boot, after);
  last_->wall.since_epoch = sum(last_->wall.since_epoch, after);
  last_->monotonic = last_->boot.since_boot;
  return *last_;
}

}  // namespace leakscope::sources::logs
