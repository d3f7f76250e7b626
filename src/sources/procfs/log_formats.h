#pragma once

#include <memory>
#include <vector>

#include "base/bytes.h"
#include "sources/log_format.h"

namespace leakscope::sources::procfs {

/// The files of /proc that describe the machine, as they stand in logs: meminfo, vmstat, zoneinfo, buddyinfo, stat,
/// loadavg, swaps, net/dev, diskstats. Logs do not tell the page size.
[[nodiscard]] std::vector<std::unique_ptr<LogFormat>> log_formats(PageSize page_size);

}  // namespace leakscope::sources::procfs
