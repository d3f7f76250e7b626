#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "sources/parse_faults.h"

namespace leakscope::sources::procfs {

/// One memory zone of one NUMA node, in pages. What the kernel did not print, or what could not be read, is nullopt.
struct Zone {
  std::int64_t node = 0;
  std::string_view name;  ///< "Normal"; points into the text that was parsed
  std::optional<Pages> free;
  std::optional<Pages> min, low, high;  ///< watermarks, what boosting added included
  std::optional<Pages> spanned;         ///< holes included
  std::optional<Pages> present;         ///< that exist
  std::optional<Pages> managed;         ///< that the buddy allocator was given
  /// On the per-CPU free lists, all CPUs; 0 for a zone without pages, for which the kernel prints no lists.
  std::optional<Pages> on_cpu_lists;
  bool ended = false;  ///< its "start_pfn" line, one of the last, was seen
};

struct Zoneinfo {
  std::vector<Zone> zones;
  ParseFaults faults;
  /// Every zone was there as a whole, so that sums over the zones are those of the machine.
  bool whole = false;

  /// Sum over all zones; nullopt when the text was cut or one zone lacks the figure.
  [[nodiscard]] std::optional<Pages> sum(std::optional<Pages> Zone::* figure) const;
};

/// Parses /proc/zoneinfo (mm/vmstat.c, zoneinfo_show_print(); captured on 6.18; texts of 3.10, 4.18, 5.10, 6.1, 6.12
/// and 7.x were made by hand after the source):
///
///   Node 0, zone   Normal
///     pages free     342829
///           min      5678
///           managed  393216
///     pagesets
///       cpu: 0
///                 count:    2415
///
/// Per-node counters stand under the first zone of a node (4.8 and newer) and are skipped, as are all lines that are
/// not named in Zone. "count:" is followed by one space until high_min and high_max were added, and by several since.
/// Zones without pages are not printed by old kernels, and without "pagesets" by newer ones. A field that cannot be
/// read is a fault, and so is a text that was cut: then `whole` is false. No zone at all is an error. `into` is reused
/// from sample to sample.
[[nodiscard]] Result<> parse_zoneinfo(std::string_view text, Zoneinfo& into);

}  // namespace leakscope::sources::procfs
