#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "sources/procfs/machine_values.h"

namespace leakscope::sources::procfs {

/// Parses /proc/vmstat (mm/vmstat.c, vmstat_show(); names in vmstat_text[]; captured on 6.18; texts of 3.10, 4.18,
/// 5.10, 6.1, 6.12 and 7.x were made by hand after the source):
///
///   nr_slab_unreclaimable 5648
///
/// Levels (nr_*) are pages there and bytes here; counters stay what they are. Kernels have split and joined some
/// counters, so these metrics are sums of whatever is present:
///   vmstat.pgscan         pgscan_kswapd + _direct + _khugepaged + _proactive; until 4.7 per zone
///   (pgscan_kswapd_normal) vmstat.pgscan_direct  pgscan_direct; until 4.7 per zone. Not pgscan_direct_throttle, which
///   counts tasks vmstat.pgsteal        as pgscan. Not pgsteal_anon and _file, which count the same pages again
///   vmstat.allocstall     allocstall; since 4.8 per zone (allocstall_normal)
///   vmstat.workingset_refault   one counter until 5.8, then _anon and _file
/// nr_kernel_stack is KiB since 4.8 and a number of stacks before, so it has a value only where nr_zone_* counters show
/// a kernel of 4.8 or newer; meminfo's KernelStack is in KiB everywhere.
/// Unknown names are skipped. A known one that is not followed by one number below 2^63 (nr_free_pages can print a huge
/// number when it went below zero), that stands twice or was cut, is a fault; its metric has no value, and
/// of a text that was cut the sums have none.
[[nodiscard]] Result<> parse_vmstat(std::string_view text, PageSize page_size, MachineValues& into);

}  // namespace leakscope::sources::procfs
