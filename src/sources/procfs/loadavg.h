#pragma once

#include <string_view>

#include "base/error.h"
#include "sources/procfs/machine_values.h"

namespace leakscope::sources::procfs {

/// Parses /proc/loadavg (fs/proc/loadavg.c, loadavg_proc_show(); captured on 6.18; the same elsewhere from 3.10 by the
/// source):
///
///   0.51 0.15 0.04 1/94 7195
///
/// The first number, times 1000, is loadavg.1min_milli; "1/94" are runnable and existing threads. Anything else, and a
/// line without its end, is an error.
[[nodiscard]] Result<> parse_loadavg(std::string_view text, MachineValues& into);

}  // namespace leakscope::sources::procfs
