#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sources/slab/slabinfo.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  leakscope::sources::slab::Slabinfo info;
  if (leakscope::sources::slab::parse_slabinfo(text, info)) {
    for (const auto& row : info.rows) {
      if (row.name.empty() || row.total_objects < 0) __builtin_trap();
      (void)row.bytes(leakscope::PageSize{65536});
    }
  }
  return 0;
}
