#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sources/kernel_log/memory_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace log = leakscope::sources::kernel_log;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto message = log::classify_memory_message(text);
  if (message && message->kind == leakscope::model::EventKind::kOomKill && !log::killed_pid(text)) __builtin_trap();
  if (const auto cgroup = log::oom_cgroup(text); cgroup && cgroup->empty()) __builtin_trap();
  return 0;
}
