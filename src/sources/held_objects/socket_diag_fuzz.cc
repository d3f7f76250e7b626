#include <cstddef>
#include <cstdint>
#include <span>

#include "sources/held_objects/socket_diag.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace held = leakscope::sources::held_objects;
  const auto answer = std::as_bytes(std::span(data, size));
  for (const held::SocketFamily family : held::kSocketFamilies) {
    std::vector<held::SocketMemory> sockets;
    (void)held::parse_socket_dump(answer, family, sockets);
    if (sockets.size() > size) __builtin_trap();
    for (const held::SocketMemory& socket : sockets) {
      if (socket.bytes < 0) __builtin_trap();
    }
  }
  return 0;
}
