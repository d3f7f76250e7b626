#include <cstddef>
#include <cstdint>

#include "sources/process/pid_statm.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)leakscope::sources::process::parse_pid_statm({reinterpret_cast<const char*>(data), size});
  return 0;
}
