#include <cstddef>
#include <cstdint>

#include "sources/procfs/virtualization.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  using namespace leakscope::sources::procfs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)has_hypervisor_flag(text);
  return 0;
}
