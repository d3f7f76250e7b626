#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "sources/log_format.h"

namespace leakscope::sources::logs {

/// What a log said of one moment: by the calendar, by the time since boot, or both.
struct LogMoment {
  std::optional<LogTime> wall;  ///< kWall, kLocal or kTimeOfDay
  std::optional<Nanoseconds> since_boot;

  [[nodiscard]] bool empty() const { return !wall && !since_boot; }
  friend bool operator==(const LogMoment&, const LogMoment&) = default;
};

/// Puts the times of a log on one axis that never falls: series are judged on it.
class TimeAxis {
 public:
  enum class Step : std::uint8_t {
    kNone,
    kSame,        ///< no later than the last one, as good as no time at all
    kBack,        ///< the clock fell back
    kFarForward,  ///< by more than anybody waits between two samples: the clock was set
    kGap,         ///< nobody sampled for long
    kReboot,      ///< the time since boot began anew
  };
  struct Placed {
    Moment moment;
    Step step = Step::kNone;
    Nanoseconds jump{0};  ///< kBack, kFarForward, kGap: by how much
  };

  /// The place of a moment that has a time. kSame moves nothing. `was_set`: what looks like a gap is the clock's alone.
  [[nodiscard]] Placed place(const LogMoment& moment, bool was_set = false);
  /// The place of a moment that has none, `after` the last one.
  [[nodiscard]] Moment place_after(Nanoseconds after);

  [[nodiscard]] std::optional<Moment> last() const { return last_; }
  /// Between two samples, as the last ones were; nothing before there were two.
  [[nodiscard]] std::optional<Nanoseconds> usual_gap() const;

 private:
  [[nodiscard]] Nanoseconds wall_value(LogTime time);
  void note_gap(Nanoseconds gap);
  void anchor(const LogMoment& moment, Nanoseconds wall, Nanoseconds at);

  std::optional<Moment> last_;
  std::optional<Nanoseconds> wall_offset_;  ///< axis minus wall
  std::optional<Nanoseconds> boot_offset_;  ///< axis minus time since boot
  std::optional<Nanoseconds> last_of_day_;
  Nanoseconds days_{0};
  std::optional<Nanoseconds> last_yearless_;
  Nanoseconds years_{0};
  std::array<Nanoseconds, 15> gaps_{};
  std::size_t gaps_seen_ = 0;
};

}  // namespace leakscope::sources::logs
