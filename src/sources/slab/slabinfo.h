#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

namespace leakscope::sources::slab {

/// One cache of /proc/slabinfo. Figures are kept as read: the kernel takes no common lock, so a racing read may show
/// more active objects than objects.
struct CacheRow {
  std::string_view name;              ///< raw bytes, points into the parsed text; may hold blanks
  std::int64_t active_objects = 0;    ///< in use; under SLUB those of per-CPU slabs and sheaves count as used
  std::int64_t total_objects = 0;     ///< what the cache's slabs can hold
  Bytes object_size;                  ///< of one object with its padding
  std::int64_t objects_per_slab = 0;  ///< 0 in format 1.1, which does not say
  std::int64_t pages_per_slab = 0;
  std::int64_t slabs = 0;

  /// slabs * pages_per_slab pages; nothing when that does not fit into 64 bits.
  [[nodiscard]] std::optional<Bytes> bytes(PageSize page_size) const;

  friend bool operator==(const CacheRow&, const CacheRow&) = default;
};

/// All caches, in the order of the file, which is not sorted and may name a cache twice.
struct Slabinfo {
  std::string_view version;  ///< "2.1"
  std::vector<CacheRow> rows;
  std::vector<Error> problems;  ///< lines that were left out, the first few
  std::uint32_t lines_left_out = 0;
  bool cut = false;  ///< the text ends within a line, which was left out
};

/// Parses /proc/slabinfo (mm/slab_common.c: print_slabinfo_header, cache_show; captured on 6.18; 1.1, 2.0 and
/// statistics were made by hand after the source).
///   slabinfo - version: 2.1
///   # name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables ... : slabdata ...
///   radix_tree_node    15232  15232    584   14    2 : tunables    0    0    0 : slabdata   1088   1088      0
/// 2.0 differs in the order of the tunables, which are not read; kernels with statistics append more columns. 1.1 (2.4
/// kernels) has: name, active objects, objects, size, active slabs, slabs, pages per slab.
/// `out` is refilled, so that parsing in a loop allocates nothing once it has grown. A line that does not parse is a
/// problem of its own, the others are still there; an error means that this is no slabinfo at all.
[[nodiscard]] Result<> parse_slabinfo(std::string_view text, Slabinfo& out);
[[nodiscard]] Result<Slabinfo> parse_slabinfo(std::string_view text);

}  // namespace leakscope::sources::slab
