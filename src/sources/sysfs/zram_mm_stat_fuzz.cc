#include <cstddef>
#include <cstdint>

#include "sources/sysfs/zram_mm_stat.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope::sources::sysfs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)parse_zram_mm_stat(text);
  return 0;
}
