#include <fcntl.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sources/trace_text/trace_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)sources::trace_text::looks_like_trace_text(text);
  auto stream = sources::trace_text::open_trace_text(UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)), "fuzz", text);
  if (!stream) return 0;
  std::uint64_t last = 0;
  while (true) {
    const auto events = (*stream)->next();
    if (!events || events->empty()) break;
    for (const auto& event : *events) {
      if (event.time < last || event.address == 0) __builtin_trap();
      if (event.stack != model::kNoStack && (*stream)->stacks().frames(event.stack).empty()) __builtin_trap();
      last = event.time;
    }
  }
  (void)(*stream)->symbols().find(0x1010);
  (void)(*stream)->losses();
  (void)(*stream)->coverage();
  return 0;
}
