#include <cstddef>
#include <cstdint>

#include "sources/process/cgroup_name.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)leakscope::sources::process::cgroup_name({reinterpret_cast<const char*>(data), size});
  return 0;
}
