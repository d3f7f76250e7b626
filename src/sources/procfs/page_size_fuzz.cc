#include <cstddef>
#include <cstdint>

#include "sources/procfs/page_size.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  using namespace leakscope::sources::procfs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)page_size_from_smaps(text);
  (void)page_size_from_counters(text, text);
  return 0;
}
