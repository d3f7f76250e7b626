#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sources/page_holders/zfs_arc.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace holders = leakscope::sources::page_holders;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)holders::parse_zfs_kstat(text);
  return 0;
}
