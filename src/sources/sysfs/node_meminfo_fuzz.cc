#include <cstddef>
#include <cstdint>

#include "sources/sysfs/node_meminfo.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope::sources::sysfs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  NodeMeminfo node;
  (void)parse_node_meminfo(text, node);
  return 0;
}
