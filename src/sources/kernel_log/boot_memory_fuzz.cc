#include "base/text_cursor.h"
#include "sources/kernel_log/boot_memory.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  leakscope::sources::kernel_log::BootMemory memory;
  leakscope::LineCursor lines({reinterpret_cast<const char*>(data), size});
  while (const auto line = lines.next()) memory.feed(*line);
  (void)memory.percpu_first_chunk({4096});
  (void)memory.tables({4096});
  return 0;
}
