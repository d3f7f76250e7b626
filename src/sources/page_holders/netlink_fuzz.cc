#include <cstddef>
#include <cstdint>

#include "sources/page_holders/netlink.h"
#include "sources/page_holders/packet_rings.h"
#include "sources/page_holders/page_pool.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace holders = leakscope::sources::page_holders;
  holders::MessageCursor messages(std::as_bytes(std::span(data, size)));
  while (const auto message = messages.next()) {
    (void)holders::parse_page_pool(message->payload);
    (void)holders::parse_packet_diag(message->payload, leakscope::PageSize{4096});
  }
  return 0;
}
