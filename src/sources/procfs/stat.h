#pragma once

#include <string_view>

#include "base/error.h"
#include "sources/procfs/machine_values.h"

namespace leakscope::sources::procfs {

/// Parses /proc/stat (fs/proc/stat.c, show_stat(); captured on 6.18; the same elsewhere from 3.10 by the source):
///
///   cpu  3679 0 1650 239560 813 0 21 12 0 0
///   intr 143334 0 0 0 ...
///   ctxt 305612
///
/// stat.cpu_busy is user + nice + system + irq + softirq of the "cpu" line: time in which a CPU worked for this
/// machine. It leaves out idle, iowait and steal; guest time is part of user. The unit of the file is USER_HZ, which is
/// 100 on every architecture that is still alive. stat.intr, ctxt, processes and procs_blocked are counts as they
/// stand. A known line that cannot be read or was cut is a fault. Nothing known at all is an error.
[[nodiscard]] Result<> parse_stat(std::string_view text, MachineValues& into);

}  // namespace leakscope::sources::procfs
