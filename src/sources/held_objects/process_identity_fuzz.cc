#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sources/held_objects/process_identity.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto who = leakscope::sources::held_objects::parse_process_identity(text);
  if (who && (who->id.pid.value <= 0 || who->comm.size() > size)) __builtin_trap();
  return 0;
}
