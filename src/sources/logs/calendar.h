#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"
#include "sources/log_format.h"

namespace leakscope::sources::logs {

/// Parts of a date as they were found in a text.
struct CalendarTime {
  std::optional<int> year;
  int month = 0;  ///< 1 to 12
  int day = 0;
  Nanoseconds of_day{0};
  std::optional<Nanoseconds> east_of_utc;  ///< nothing: no zone, or one whose name we do not know

  /// Nothing when there is no such day. A year that is not told is `guessed_year`.
  [[nodiscard]] std::optional<LogTime> log_time(int guessed_year) const;
};

/// "UTC", "Z", "CET", "+0100", "-05:00": how far east.
[[nodiscard]] std::optional<Nanoseconds> zone_from_text(std::string_view word);
/// "12:04:31", "12:04:31.250", "12:04:31,250"; not "12:04".
[[nodiscard]] std::optional<Nanoseconds> time_of_day(std::string_view word);
/// "2026-11-20" or "2026/11/20" or "20.11.2026" into year, month and day.
[[nodiscard]] bool read_date(std::string_view word, CalendarTime& into);

}  // namespace leakscope::sources::logs
