#include <cstddef>
#include <cstdint>

#include "sources/kernel_counters/sockstat.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)leakscope::sources::kernel_counters::parse_sockstat({reinterpret_cast<const char*>(data), size});
  return 0;
}
