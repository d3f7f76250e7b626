#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/process_id.h"
#include "base/rooted_dir.h"

namespace leakscope::sources::held_objects {

/// Who a pid is right now.
struct ProcessIdentity {
  ProcessId id;
  std::string comm;  ///< raw foreign bytes
};

/// The pid, the name and field 22 of /proc/PID/stat, "27502 (java) S 1 ...". The name may hold any bytes, blanks and
/// parentheses among them: the last ")" of the line ends it. Kernel: fs/proc/array.c do_task_stat().
[[nodiscard]] Result<ProcessIdentity> parse_process_identity(std::string_view stat);

/// Reads it anew. kNotFound or kGone when the process ended.
[[nodiscard]] Result<ProcessIdentity> read_process_identity(const RootedDir& root, Pid pid, FileBuffer& buffer);

}  // namespace leakscope::sources::held_objects
