#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sources/page_holders/drm_clients.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace holders = leakscope::sources::page_holders;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto c = holders::parse_drm_fdinfo(text); c && c->system_memory < leakscope::Bytes(0)) __builtin_trap();
  return 0;
}
