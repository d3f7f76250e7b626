#include <cstddef>
#include <cstdint>

#include "sources/procfs/swaps.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  using namespace leakscope::sources::procfs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Swaps swaps;
  if (!parse_swaps(text, swaps)) return 0;
  for (const SwapDevice& device : swaps.devices) (void)unescape_octal(device.escaped_path);
  return 0;
}
