#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sources/page_holders/balloon.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace holders = leakscope::sources::page_holders;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto b = holders::parse_vmmemctl(text); b && *b < leakscope::Bytes(0)) __builtin_trap();
  return 0;
}
