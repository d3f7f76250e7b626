#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sources/kallsyms.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto symbols = leakscope::sources::parse_kallsyms(text, "fuzz")) {
    for (const std::uint64_t address : {0xffffffff81000000ULL, 0x1000ULL, ~0ULL}) {
      const auto found = symbols->find(address);
      if (found && (found->name.empty() || found->offset > address)) __builtin_trap();
    }
  }
  return 0;
}
