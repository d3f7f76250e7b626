#include <cstddef>
#include <cstdint>
#include <string_view>

#include "symbols/build_id.h"
#include "symbols/kernel_debug.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto facts = leakscope::symbols::parse_file_facts(text);
  if (!facts.build_id.empty() && !leakscope::symbols::is_build_id(facts.build_id)) __builtin_trap();
  for (const auto& place : leakscope::symbols::debug_places(text, facts.build_id)) {
    if (place.find("/../") != std::string_view::npos) __builtin_trap();
  }
  return 0;
}
