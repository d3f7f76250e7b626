#include <cstddef>
#include <cstdint>

#include "sources/procfs/pressure.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  using namespace leakscope::sources::procfs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Pressure pressure;
  (void)parse_pressure(text, pressure);
  return 0;
}
