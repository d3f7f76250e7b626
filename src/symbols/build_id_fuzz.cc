#include <cstddef>
#include <cstdint>
#include <span>

#include "symbols/build_id.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto id = leakscope::symbols::parse_build_id(std::as_bytes(std::span(data, size)));
  if (id && !leakscope::symbols::is_build_id(*id)) __builtin_trap();
  return 0;
}
