#pragma once

#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/process_id.h"

namespace leakscope::sources::recording {

/// Takes the one writer's lock of an open file: an open-file-description lock (F_OFD_SETLK, 3.15), which dies with the
/// last descriptor and is not lost when some other descriptor of the file is closed. kBusy when somebody holds it.
/// File systems that know no locks are let through.
[[nodiscard]] Result<> lock_for_writing(int fd, std::string_view name);

/// This process: what a session frame says of its writer.
[[nodiscard]] std::optional<ProcessId> this_process();
/// Whether this very process still runs. The kernel names no holder of an open-file-description lock (F_OFD_GETLK and
/// /proc/locks give -1), so the last session's writer is looked up instead.
[[nodiscard]] bool is_running(const ProcessId& process);

}  // namespace leakscope::sources::recording
