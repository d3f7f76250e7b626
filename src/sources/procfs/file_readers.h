#pragma once

#include "base/bytes.h"
#include "sources/file_reader.h"

namespace leakscope::sources::procfs {

// What each file of /proc gives as readings: one reader for the live source, recorded trees and logs.

[[nodiscard]] FileReader meminfo_reader();
[[nodiscard]] FileReader vmstat_reader(PageSize page_size);
[[nodiscard]] FileReader zoneinfo_reader(PageSize page_size);
[[nodiscard]] FileReader buddyinfo_reader(PageSize page_size);
[[nodiscard]] FileReader stat_reader();
[[nodiscard]] FileReader loadavg_reader();
[[nodiscard]] FileReader net_dev_reader();
[[nodiscard]] FileReader diskstats_reader();
[[nodiscard]] FileReader swaps_reader();
/// `resource`: "memory", "io" or "cpu".
[[nodiscard]] FileReader pressure_reader(std::string_view resource);

}  // namespace leakscope::sources::procfs
