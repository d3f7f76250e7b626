#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "sources/parse_faults.h"

namespace leakscope::sources::sysfs {

/// Memory of one NUMA node. What the kernel did not print, or what could not be read, is nullopt.
struct NodeMeminfo {
  std::optional<Bytes> total;
  std::optional<Bytes> free;
  std::optional<Bytes> anon_pages;
  std::optional<Bytes> file_pages;
  std::optional<Bytes> slab;
  std::optional<Bytes> slab_unreclaimable;
  ParseFaults faults;
};

/// Parses /sys/devices/system/node/nodeN/meminfo (drivers/base/node.c, node_read_meminfo(); captured on 6.18; the same
/// elsewhere from 3.10 by the source):
///
///   Node 0 SUnreclaim:        22592 kB
///
/// Other fields are skipped. A known one that is not "<number> kB", that stands twice or was cut is a fault. Nothing
/// known at all is an error.
[[nodiscard]] Result<> parse_node_meminfo(std::string_view text, NodeMeminfo& into);

}  // namespace leakscope::sources::sysfs
