#include <cstddef>
#include <cstdint>
#include <string_view>

#include "symbols/kernel_lines.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto lines = leakscope::symbols::parse_line_reply(text, 16);
  if (lines.size() != 16) __builtin_trap();
  for (const auto& line : lines) {
    if (line.file.empty() != (line.line == 0)) __builtin_trap();
  }
  return 0;
}
