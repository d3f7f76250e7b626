#pragma once

#include <memory>

#include "base/bytes.h"
#include "sources/page_holders/holder.h"
#include "sources/page_holders/netlink.h"

namespace leakscope::sources::page_holders {

/// RAM in the rings of one AF_PACKET socket.
struct PacketRings {
  Bytes rx;
  Bytes tx;
  friend bool operator==(const PacketRings&, const PacketRings&) = default;
};

/// Reads one answer of packet_diag (include/uapi/linux/packet_diag.h; net/packet/diag.c: pdiag_put_rings_cfg): struct
/// packet_diag_msg and its attributes. A ring has block_nr blocks, each rounded up to a power of two pages
/// (net/packet/af_packet.c: alloc_pg_vec).
[[nodiscard]] Result<PacketRings> parse_packet_diag(ByteSpan payload, PageSize page_size);

/// "packet-rings": PACKET_RX_RING and PACKET_TX_RING of all AF_PACKET sockets of our network namespace.
[[nodiscard]] std::unique_ptr<Holder> make_packet_rings(PageSize page_size);

}  // namespace leakscope::sources::page_holders
