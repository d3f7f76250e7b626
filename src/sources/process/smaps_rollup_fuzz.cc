#include <cstddef>
#include <cstdint>

#include "sources/process/smaps_rollup.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)leakscope::sources::process::parse_smaps_rollup({reinterpret_cast<const char*>(data), size});
  return 0;
}
