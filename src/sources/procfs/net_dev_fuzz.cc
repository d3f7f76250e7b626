#include <cstddef>
#include <cstdint>

#include "sources/procfs/net_dev.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  using namespace leakscope::sources::procfs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  MachineValues values;
  (void)parse_net_dev(text, values);
  return 0;
}
