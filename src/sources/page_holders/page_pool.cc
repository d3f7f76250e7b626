#include "sources/page_holders/page_pool.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <array>
#include <utility>

#include <fmt/format.h>

namespace leakscope::sources::page_holders {
namespace {

// include/uapi/linux/netdev.h, which Debian 12's headers do not have; the numbers are ABI.
constexpr std::uint8_t kCommandPagePoolGet = 5;
constexpr std::uint16_t kAttributeInflightBytes = 5;
constexpr std::uint16_t kAttributeDetachTime = 6;

constexpr std::string_view kFamilyName = "netdev";

Result<std::uint16_t> find_family(NetlinkSocket& socket) {
  struct Request {
    genlmsghdr header{CTRL_CMD_GETFAMILY, 1, 0};
    nlattr attribute{sizeof(nlattr) + 7, CTRL_ATTR_FAMILY_NAME};
    std::array<char, 8> name{"netdev"};
  } request;
  static_assert(sizeof(Request) == sizeof(genlmsghdr) + sizeof(nlattr) + 8);
  std::optional<std::uint16_t> family;
  const auto asked = socket.ask(GENL_ID_CTRL, 0, std::as_bytes(std::span(&request, 1)), [&](const auto& message) {
    if (message.payload.size() < sizeof(genlmsghdr)) return Result<>{};
    AttributeCursor attributes(message.payload.subspan(sizeof(genlmsghdr)));
    while (const auto attribute = attributes.next()) {
      if (attribute->type == CTRL_ATTR_FAMILY_ID) family = read_as<std::uint16_t>(attribute->payload);
    }
    return Result<>{};
  });
  if (!asked && asked.error().kind != Error::Kind::kNotFound) return std::unexpected(asked.error());
  if (!family) return fail(Error::Kind::kUnsupported, "netlink", "this kernel has no family 'netdev' (before 6.3)");
  return *family;
}

class PagePools final : public Holder {
 public:
  PagePools() : Holder("page-pool") {}

  Result<std::vector<Level>> read(const RootedDir& root) override {
    if (!root.is_live()) return fail(Error::Kind::kUnsupported, root.path(), "netlink asks the live machine only");
    auto socket = NetlinkSocket::open(NETLINK_GENERIC);
    if (!socket) return std::unexpected(socket.error());
    const auto family = find_family(*socket);
    if (!family) return std::unexpected(family.error());

    Bytes total;
    std::size_t pools = 0;
    std::size_t detached = 0;
    const genlmsghdr request{kCommandPagePoolGet, 1, 0};
    const auto asked =
        socket->ask(*family, NLM_F_DUMP, std::as_bytes(std::span(&request, 1)), [&](const auto& message) -> Result<> {
          if (message.payload.size() < sizeof(genlmsghdr))
            return malformed("netlink", 0, "a message that is too short");
          const auto pool = parse_page_pool(message.payload.subspan(sizeof(genlmsghdr)));
          if (!pool) return std::unexpected(pool.error());
          ++pools;
          detached += pool->detached ? 1U : 0U;
          const auto sum = checked_add(total.count(), pool->inflight.value_or(Bytes()).count());
          if (!sum) return malformed("netlink", 0, "sizes that do not fit");
          total = Bytes(*sum);
          return {};
        });
    if (!asked) {
      // The command came later than the family.
      Error error = asked.error();
      if (error.kind == Error::Kind::kUnsupported || error.kind == Error::Kind::kNotFound) {
        return fail(Error::Kind::kUnsupported, "netlink netdev", "this kernel has no page-pool-get (before 6.7)");
      }
      return std::unexpected(std::move(error));
    }
    return std::vector<Level>{{"page-pool", total, false,
                               fmt::format("netlink {} page-pool-get: {} pools, {} of them detached from their driver",
                                           kFamilyName, pools, detached)}};
  }

  std::string blind_spot() const override {
    return "pools of other network namespaces, and of drivers that do not name their device, are not listed";
  }
};

}  // namespace

Result<PagePool> parse_page_pool(ByteSpan attributes) {
  PagePool pool;
  AttributeCursor cursor(attributes);
  while (const auto attribute = cursor.next()) {
    if (attribute->type == kAttributeDetachTime) pool.detached = true;
    if (attribute->type != kAttributeInflightBytes) continue;
    const auto value = attribute->number();
    if (!value || *value > INT64_MAX) return malformed("netlink page-pool", 0, "want inflight-mem as a number");
    pool.inflight = Bytes(static_cast<std::int64_t>(*value));
  }
  if (cursor.broken()) return malformed("netlink page-pool", 0, "an attribute whose length does not fit");
  return pool;
}

std::unique_ptr<Holder> make_page_pool() { return std::make_unique<PagePools>(); }

}  // namespace leakscope::sources::page_holders
