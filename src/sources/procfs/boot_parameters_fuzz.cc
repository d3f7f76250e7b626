#include <cstddef>
#include <cstdint>

#include "sources/procfs/boot_parameters.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  using namespace leakscope::sources::procfs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)without_private_values(text);
  return 0;
}
