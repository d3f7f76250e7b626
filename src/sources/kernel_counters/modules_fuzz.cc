#include <cstddef>
#include <cstdint>

#include "sources/kernel_counters/modules.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  leakscope::sources::kernel_counters::Modules modules;
  if (parse_modules({reinterpret_cast<const char*>(data), size}, modules)) {
    for (const auto& module : modules.rows) {
      if (module.name.empty() || module.size < leakscope::Bytes(0)) __builtin_trap();
    }
  }
  return 0;
}
