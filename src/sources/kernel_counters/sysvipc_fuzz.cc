#include <cstddef>
#include <cstdint>

#include "sources/kernel_counters/sysvipc.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace counters = leakscope::sources::kernel_counters;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  counters::IpcTable<counters::ShmSegment> shm;
  counters::IpcTable<counters::MessageQueue> msg;
  counters::IpcTable<counters::SemaphoreSet> sem;
  (void)counters::parse_sysv_msg(text, msg);
  (void)counters::parse_sysv_sem(text, sem);
  if (counters::parse_sysv_shm(text, shm)) {
    for (const auto& segment : shm.rows) {
      if (segment.size < leakscope::Bytes(0) || segment.attached < 0) __builtin_trap();
    }
  }
  return 0;
}
