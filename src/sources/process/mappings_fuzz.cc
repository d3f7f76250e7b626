#include <cstddef>
#include <cstdint>

#include "sources/process/mappings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope::sources::process;
  const MappingTable table = parse_mappings({reinterpret_cast<const char*>(data), size});
  (void)group_mappings(table.mappings);
  (void)find_arena_shapes(table.mappings);
  return 0;
}
