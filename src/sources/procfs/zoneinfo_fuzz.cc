#include <cstddef>
#include <cstdint>

#include "sources/procfs/zoneinfo.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  using namespace leakscope::sources::procfs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Zoneinfo zoneinfo;
  if (parse_zoneinfo(text, zoneinfo)) (void)zoneinfo.sum(&Zone::on_cpu_lists);
  return 0;
}
