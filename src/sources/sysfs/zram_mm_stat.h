#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/error.h"

namespace leakscope::sources::sysfs {

/// What a zram device holds, and what it takes for it.
struct ZramMmStat {
  Bytes original;     ///< orig_data_size: uncompressed
  Bytes memory_used;  ///< mem_used_total: RAM, fragmentation and metadata included
};

/// Parses /sys/block/zramN/mm_stat (drivers/block/zram/zram_drv.c, mm_stat_show(); 4.1 and newer; 7 columns on 4.1 to
/// 4.x, 8 or 9 later, of which the 1st and 3rd are wanted):
///
///   16384    10240    65536        0    65536        0        0        0        0
///
/// Anything else, and a line without its end, is an error.
[[nodiscard]] Result<ZramMmStat> parse_zram_mm_stat(std::string_view text);

}  // namespace leakscope::sources::sysfs
