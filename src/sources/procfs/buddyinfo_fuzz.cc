#include <cstddef>
#include <cstdint>

#include "sources/procfs/buddyinfo.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  using namespace leakscope::sources::procfs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Buddyinfo buddyinfo;
  if (parse_buddyinfo(text, buddyinfo)) (void)buddyinfo.above(10, PageSize{65536});
  return 0;
}
