#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/rooted_dir.h"
#include "base/time.h"
#include "sources/snapshot/stamp.h"

namespace leakscope::sources::snapshot {

/// When the files of a folder were read.
struct FolderTime {
  std::optional<Nanoseconds> uptime;
  std::optional<WallTime> wall;
  bool zone_is_known = true;  ///< else the wall time is that of some place, taken as if it were UTC
  std::string from;           ///< "proc/uptime": what tells it; empty: nothing does
};

/// By the stamp; else by proc/uptime with btime of proc/stat; else by what `date` and `uptime` printed; else by when
/// proc/meminfo was written.
[[nodiscard]] FolderTime time_of(const RootedDir& root, const std::optional<Stamp>& stamp);

/// "Thu Nov 20 12:33:09 UTC 2026", "Thu 20 Nov 2026 12:33:09 PM UTC", "2026-11-20 12:33:09": the first line of the text
/// that has a date with its year and a time of day.
struct PrintedDate {
  WallTime time;
  bool zone_is_known = false;
};
[[nodiscard]] std::optional<PrintedDate> parse_printed_date(std::string_view text);

/// " 12:33:09 up 5 days,  3:04,  1 user,  load average: ...": "up 12 min", "up 3:04", "up 2 days, 12 min".
[[nodiscard]] std::optional<Nanoseconds> parse_printed_uptime(std::string_view text);

}  // namespace leakscope::sources::snapshot
