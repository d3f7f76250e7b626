#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sources/held_objects/fdinfo.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace held = leakscope::sources::held_objects;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)held::classify_fd_target(text);
  held::InotifyCounter whole;
  whole.feed(text);
  held::InotifyCounter pieces;
  for (const char& byte : text) pieces.feed({&byte, 1});
  if (whole.watches() != pieces.watches()) __builtin_trap();
  if (const auto map = held::parse_bpf_map_fdinfo(text); map && map->memlock.value_or(0) < 0) __builtin_trap();
  (void)held::parse_effective_uid(text);
  return 0;
}
