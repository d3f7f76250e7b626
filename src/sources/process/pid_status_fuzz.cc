#include <cstddef>
#include <cstdint>

#include "sources/process/pid_status.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)leakscope::sources::process::parse_pid_status({reinterpret_cast<const char*>(data), size});
  return 0;
}
