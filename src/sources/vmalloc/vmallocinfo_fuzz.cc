#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sources/vmalloc/vmallocinfo.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto info = leakscope::sources::vmalloc::parse_vmallocinfo(text)) {
    for (const auto& caller : info->callers) {
      if (caller.function.empty() || caller.areas < 1) __builtin_trap();
      (void)caller.name();
    }
  }
  return 0;
}
