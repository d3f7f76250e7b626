#pragma once

#include <optional>
#include <string_view>

#include "sources/log_format.h"

namespace leakscope::sources::logs {

/// The time of a line that is a time and nothing else but ornament: what `date` prints in its many forms, epoch
/// seconds, /proc/uptime, the clock of `uptime`.
///
///   Fri Nov 20 12:24:40 UTC 2026      Fri Nov 20 12:24:40 PM UTC 2026     Fr 20. Nov 12:24:40 CET 2026
///   2026-11-20T12:24:40,250+01:00     === 2026-11-20 12:24:40 ===         zzz ***Fri Nov 20 12:24:40 UTC 2026
///   1795177480.25                     ---- 12:24:40 ----                  12345.67 23456.78
///
/// `guessed_year` is for those that name none.
[[nodiscard]] std::optional<LogTime> parse_time_line(std::string_view line, int guessed_year);

/// A line of ornament alone ("===", "-----", "# # #", or empty).
[[nodiscard]] bool is_separator(std::string_view line);

/// The file under /proc or /sys that a line announces: "==> /proc/meminfo <==", "# cat /proc/meminfo",
/// "/proc/meminfo:"; empty when it announces none.
[[nodiscard]] std::string_view announced_file(std::string_view line);

}  // namespace leakscope::sources::logs
