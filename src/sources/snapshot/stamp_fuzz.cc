#include <cstddef>
#include <cstdint>

#include "sources/snapshot/stamp.h"

// What was read is written and read back as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope::sources::snapshot;
  const auto stamp = parse_stamp({reinterpret_cast<const char*>(data), size});
  if (!stamp) return 0;
  const auto again = parse_stamp(to_text(*stamp));
  if (!again || again->time.boot != stamp->time.boot || again->missing.size() != stamp->missing.size())
    __builtin_trap();
  return 0;
}
