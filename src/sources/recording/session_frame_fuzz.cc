#include <cstddef>

#include "sources/recording/session_frame.h"

// Any bytes as the payload of a session's first or last frame.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope::sources::recording;
  const std::string_view payload(reinterpret_cast<const char*>(data), size);
  if (const auto facts = parse_session(payload)) {
    std::string again;
    encode_session(*facts, again);
    if (!parse_session(again)) __builtin_trap();
  }
  (void)parse_session_end(payload);
  return 0;
}
