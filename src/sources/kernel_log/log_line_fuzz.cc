#include "base/text_cursor.h"
#include "sources/kernel_log/line_filter.h"
#include "sources/kernel_log/log_line.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  sources::kernel_log::LogLineReader reader(WallTime{std::chrono::seconds(1772366400)});
  LineCursor lines({reinterpret_cast<const char*>(data), size});
  while (const auto line = lines.next()) {
    if (reader.read(*line).message.size() > line->size() * 3) __builtin_trap();  // \uFFFF: six bytes make three
    (void)sources::kernel_log::may_speak_of_memory(*line);
  }
  return 0;
}
