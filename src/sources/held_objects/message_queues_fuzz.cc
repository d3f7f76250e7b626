#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sources/held_objects/message_queues.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace held = leakscope::sources::held_objects;
  const auto queues = held::parse_message_queues({reinterpret_cast<const char*>(data), size});
  if (!queues) return 0;
  for (const auto& queue : *queues) {
    if (held::kernel_bytes(queue, leakscope::PageSize{4096}) < queue.messages) __builtin_trap();
  }
  return 0;
}
