#pragma once

#include <optional>

#include "base/time.h"

namespace leakscope::session {

/// When one source is asked next, and how it is slowed down when it costs too much: above 5 ms or 1 % of its period,
/// whichever is more, twice in a row, its period doubles; ten cheap runs halve it again. With a `shortest` period below
/// the usual one, the first run that is cheap for it brings it there; one slowed down goes back to the usual one only.
/// Beyond a `longest` period only one is slowed down that takes more than a tenth of it: fewer readings in a brief
/// window would be for nothing.
class Schedule {
 public:
  struct Bounds {
    std::optional<Nanoseconds> shortest{};
    std::optional<Nanoseconds> longest{};
  };
  explicit Schedule(Nanoseconds period) : Schedule(period, Bounds{}) {}
  Schedule(Nanoseconds period, Bounds bounds)
      : base_period_(period), period_(period), shortest_(bounds.shortest.value_or(period)), longest_(bounds.longest) {}

  /// True when it should run at the tick `now`; ticks are `tick` apart, and a source due before the next is due now.
  [[nodiscard]] bool is_due(Nanoseconds now, Nanoseconds tick) const { return !started_ || now + tick / 2 >= next_; }
  /// It ran at `now`.
  void ran(Nanoseconds now);

  enum class Change : std::uint8_t { kNone, kSlowedDown, kSpedUp };
  /// What the run cost in CPU time.
  Change charge(Nanoseconds cpu);

  [[nodiscard]] Nanoseconds period() const { return period_; }
  [[nodiscard]] bool slowed_down() const { return period_ > base_period_; }
  [[nodiscard]] Nanoseconds last_cost() const { return last_cost_; }
  [[nodiscard]] Nanoseconds total_cost() const { return total_cost_; }
  [[nodiscard]] std::uint64_t runs() const { return runs_; }

 private:
  [[nodiscard]] Nanoseconds allowed() const;

  Nanoseconds base_period_;
  Nanoseconds period_;
  Nanoseconds shortest_;
  std::optional<Nanoseconds> longest_;
  Nanoseconds next_{0};
  Nanoseconds last_cost_{0};
  Nanoseconds total_cost_{0};
  std::uint64_t runs_ = 0;
  int expensive_in_a_row_ = 0;
  int cheap_in_a_row_ = 0;
  bool started_ = false;
};

}  // namespace leakscope::session
