#include "sources/page_holders/packet_rings.h"

#include <linux/netlink.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <bit>
#include <utility>

#include <fmt/format.h>

namespace leakscope::sources::page_holders {
namespace {

constexpr std::string_view kWhere = "netlink packet_diag";

std::optional<Bytes> ring_size(ByteSpan payload, PageSize page_size) {
  const auto ring = read_as<packet_diag_ring>(payload);
  if (!ring) return std::nullopt;
  const auto unit = static_cast<std::uint64_t>(page_size.bytes);
  const std::uint64_t pages = (ring->pdr_block_size + unit - 1) / unit;
  const auto block = checked_mul(static_cast<std::int64_t>(std::bit_ceil(pages)), page_size.bytes);
  const auto bytes = block && pages > 0 ? checked_mul(*block, ring->pdr_block_nr) : std::optional<std::int64_t>(0);
  if (!bytes) return std::nullopt;
  return Bytes(*bytes);
}

class PacketRingHolder final : public Holder {
 public:
  explicit PacketRingHolder(PageSize page_size) : Holder("packet-rings"), page_size_(page_size) {}

  Result<std::vector<Level>> read(const RootedDir& root) override {
    if (!root.is_live()) return fail(Error::Kind::kUnsupported, root.path(), "netlink asks the live machine only");
    auto socket = NetlinkSocket::open(NETLINK_SOCK_DIAG);
    if (!socket) return std::unexpected(socket.error());
    packet_diag_req request{};
    request.sdiag_family = AF_PACKET;
    request.pdiag_show = PACKET_SHOW_RING_CFG;

    Bytes total;
    std::size_t rings = 0;
    const auto asked = socket->ask(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, std::as_bytes(std::span(&request, 1)),
                                   [&](const auto& message) -> Result<> {
                                     const auto sizes = parse_packet_diag(message.payload, page_size_);
                                     if (!sizes) return std::unexpected(sizes.error());
                                     rings += (sizes->rx > Bytes() ? 1U : 0U) + (sizes->tx > Bytes() ? 1U : 0U);
                                     const auto both = checked_add(sizes->rx.count(), sizes->tx.count());
                                     const auto sum = both ? checked_add(total.count(), *both) : std::nullopt;
                                     if (!sum) return malformed(std::string(kWhere), 0, "sizes that do not fit");
                                     total = Bytes(*sum);
                                     return {};
                                   });
    if (!asked) {
      Error error = asked.error();
      if (error.kind == Error::Kind::kNotFound) {
        return fail(Error::Kind::kUnsupported, std::string(kWhere),
                    "this kernel has no packet_diag (CONFIG_PACKET_DIAG)", "modprobe af_packet_diag");
      }
      return std::unexpected(std::move(error));
    }
    return std::vector<Level>{{"packet-rings", total, false,
                               fmt::format("{}: {} rings of AF_PACKET sockets (ss -0 -e lists them)", kWhere, rings)}};
  }

  std::string blind_spot() const override { return "sockets of other network namespaces are not listed"; }

 private:
  PageSize page_size_;
};

}  // namespace

Result<PacketRings> parse_packet_diag(ByteSpan payload, PageSize page_size) {
  if (payload.size() < sizeof(packet_diag_msg)) return malformed(std::string(kWhere), 0, "a message that is too short");
  PacketRings rings;
  AttributeCursor attributes(payload.subspan(sizeof(packet_diag_msg)));
  while (const auto attribute = attributes.next()) {
    if (attribute->type != PACKET_DIAG_RX_RING && attribute->type != PACKET_DIAG_TX_RING) continue;
    const auto bytes = ring_size(attribute->payload, page_size);
    if (!bytes) return malformed(std::string(kWhere), 0, "want a ring as struct packet_diag_ring");
    (attribute->type == PACKET_DIAG_RX_RING ? rings.rx : rings.tx) = *bytes;
  }
  if (attributes.broken()) return malformed(std::string(kWhere), 0, "an attribute whose length does not fit");
  return rings;
}

std::unique_ptr<Holder> make_packet_rings(PageSize page_size) { return std::make_unique<PacketRingHolder>(page_size); }

}  // namespace leakscope::sources::page_holders
