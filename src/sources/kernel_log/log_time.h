#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace leakscope::sources::kernel_log {

/// A date at the start of a text, and how much of the text it takes.
struct DateMatch {
  WallTime time;            ///< as if it were UTC where the zone is not written
  bool zone_known = false;  ///< an offset or Z stood there
  bool year_known = true;
  std::size_t length = 0;
};

/// "2025-08-12T03:54:03", with fraction behind '.' or ',', with 'T' or a blank, with or without "Z", "+0200", "+02:00".
[[nodiscard]] std::optional<DateMatch> match_iso_date(std::string_view text);

/// "Aug 12 03:54:03", with or without fraction: the head of syslog lines. They leave the year out: the latest year is
/// taken in which the line is not after `written`; nothing without `written`.
[[nodiscard]] std::optional<DateMatch> match_syslog_date(std::string_view text, std::optional<WallTime> written);

/// "Tue Aug 12 03:54:03 2025", the whole text: what dmesg -T has in its brackets, in local time without its zone. The
/// names are those of the locale; months are known in English, German, French, Spanish and as figures.
[[nodiscard]] std::optional<DateMatch> match_ctime_date(std::string_view text);

/// "12345.678901", the whole text, blanks at its left: seconds since boot.
[[nodiscard]] std::optional<Nanoseconds> parse_seconds(std::string_view text);

}  // namespace leakscope::sources::kernel_log
