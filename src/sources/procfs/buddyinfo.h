#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "sources/parse_faults.h"

namespace leakscope::sources::procfs {

/// Free blocks of the buddy allocator, summed over all zones.
struct Buddyinfo {
  /// free_blocks[n]: blocks of 2^n pages. As many orders as the kernel prints: 11 on most, up to 14 on arm64 and
  /// powerpc. Empty when the text was cut or a column could not be read: a part of the zones is no sum.
  std::vector<std::int64_t> free_blocks;
  ParseFaults faults;

  /// Free memory in blocks above `order`; nullopt when the kernel has no such orders.
  [[nodiscard]] std::optional<Bytes> above(std::size_t order, PageSize page_size) const;
};

/// Parses /proc/buddyinfo (mm/vmstat.c, frag_show_print(); captured on 6.18; the same elsewhere from 3.10 by the
/// source):
///
///   Node 0, zone    DMA32      1      2      4      2      5      4      3      3      4      2    752
///
/// No zone at all is an error, a zone that cannot be read or has another number of orders a fault. `into` is reused
/// from sample to sample.
[[nodiscard]] Result<> parse_buddyinfo(std::string_view text, Buddyinfo& into);

}  // namespace leakscope::sources::procfs
