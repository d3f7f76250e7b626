#pragma once

#include <memory>

#include "sources/log_format.h"

namespace leakscope::sources::process {

/// /proc/PID/status and /proc/PID/smaps_rollup as they stand in a log, of one process or of many. status names its
/// process; smaps_rollup does not, so that it is the process whose status stands before it, or the one of the file name
/// before it.
[[nodiscard]] std::unique_ptr<LogFormat> process_files_log_format();

}  // namespace leakscope::sources::process
