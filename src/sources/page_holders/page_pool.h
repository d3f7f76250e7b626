#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "sources/page_holders/holder.h"
#include "sources/page_holders/netlink.h"

namespace leakscope::sources::page_holders {

/// One page pool of a network driver.
struct PagePool {
  std::optional<Bytes> inflight;  ///< pages that it took and has not given back, its own caches included
  bool detached = false;          ///< its driver has let it go; it lives until the last of its pages comes back
  friend bool operator==(const PagePool&, const PagePool&) = default;
};

/// Reads the attributes of a page-pool-get answer (include/uapi/linux/netdev.h, 6.7 and newer; net/core/
/// page_pool_user.c: page_pool_nl_fill). Unknown attributes are skipped.
[[nodiscard]] Result<PagePool> parse_page_pool(ByteSpan attributes);

/// "page-pool": inflight-mem over all pools, through the generic netlink family "netdev". Only pools whose driver named
/// its device are listed (veth's, for one, are not), and only those of our network namespace.
[[nodiscard]] std::unique_ptr<Holder> make_page_pool();

}  // namespace leakscope::sources::page_holders
