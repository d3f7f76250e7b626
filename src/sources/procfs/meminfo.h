#pragma once

#include <string_view>

#include "base/error.h"
#include "sources/procfs/machine_values.h"

namespace leakscope::sources::procfs {

/// Parses /proc/meminfo (fs/proc/meminfo.c, meminfo_proc_show(); captured on 6.18; texts of 3.10, 4.18, 5.10, 6.1, 6.12
/// and 7.x were made by hand after the source):
///
///   SUnreclaim:        22624 kB
///
/// Values are bytes, under the metrics "meminfo.<field>". Unknown fields are skipped, and no order is assumed: every
/// kernel adds some, and drops some. A known field that is not "<number> kB", that stands twice, that is above 2^63
/// bytes, or whose line was cut, has no value and is a fault. A VmallocUsed of 0 is left out: kernels 4.4 to 5.2 print
/// a constant 0 there, and no running kernel uses none. Nothing known at all is an error.
[[nodiscard]] Result<> parse_meminfo(std::string_view text, MachineValues& into);

}  // namespace leakscope::sources::procfs
