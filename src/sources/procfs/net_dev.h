#pragma once

#include <string_view>

#include "base/error.h"
#include "sources/procfs/machine_values.h"

namespace leakscope::sources::procfs {

/// Parses /proc/net/dev (net/core/net-procfs.c, dev_seq_show(); captured on 6.18; the same elsewhere from 3.10 by the
/// source):
///
///   Inter-|   Receive                                                |  Transmit
///    face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets ...
///     eth0: 26190571     734    0    0    0     0          0         0    33732     420 ...
///
/// net.bytes is received + sent over all devices but lo. It is a measure of load, not of traffic: what passes a bridge,
/// bond, VLAN or veth pair is counted on each of them, and a device that goes takes its share with it, which reads as a
/// counter that starts anew. The file shows the network namespace of whoever opened it. A device that cannot be read is
/// a fault, and the sum has no value then. A text without the two headings is an error.
[[nodiscard]] Result<> parse_net_dev(std::string_view text, MachineValues& into);

}  // namespace leakscope::sources::procfs
