#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace leakscope {

using Nanoseconds = std::chrono::nanoseconds;

/// Time since boot, suspend included (CLOCK_BOOTTIME). The axis of every series: it never jumps.
struct BootTime {
  Nanoseconds since_boot{0};
  friend constexpr auto operator<=>(BootTime, BootTime) = default;
  friend constexpr Nanoseconds operator-(BootTime a, BootTime b) { return a.since_boot - b.since_boot; }
  friend constexpr BootTime operator+(BootTime a, Nanoseconds d) { return {a.since_boot + d}; }
};

/// What the wall clock said (CLOCK_REALTIME): for people and for matching logs; it may be stepped at any moment.
struct WallTime {
  Nanoseconds since_epoch{0};
  friend constexpr auto operator<=>(WallTime, WallTime) = default;
};

/// "2026-11-20T09:21:32.123Z": RFC 3339 in UTC with milliseconds.
[[nodiscard]] std::string to_rfc3339(WallTime time);

/// Reads RFC 3339: "2026-11-20T09:21:32.123Z", "2026-11-20 10:21:32+01:00"; seconds may be left out, and without an
/// offset it is UTC. Years 1970 to 2261 (what fits); nothing when any character is left over.
[[nodiscard]] std::optional<WallTime> parse_rfc3339(std::string_view text);
/// "10:00", "09:21:32.5": since midnight; nothing when any character is left over.
[[nodiscard]] std::optional<Nanoseconds> parse_time_of_day(std::string_view text);

/// "4 h 12 min", "53 s", "2 d 3 h": two units at most, rounded; for people.
[[nodiscard]] std::string to_human(Nanoseconds duration);

/// One moment by all clocks that matter, taken together.
struct Moment {
  BootTime boot;
  WallTime wall;
  Nanoseconds monotonic{0};  ///< CLOCK_MONOTONIC: boot minus monotonic is the time spent suspended
};

/// The clocks as a parameter, so that tests and replays bring their own.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Moment now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Moment now() const override;
};

/// CPU time this thread has used, for measuring what a source costs.
[[nodiscard]] Nanoseconds thread_cpu_time();

}  // namespace leakscope
