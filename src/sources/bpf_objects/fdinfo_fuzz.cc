#include <cstddef>
#include <cstdint>

#include "sources/bpf_objects/fdinfo.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = leakscope::sources::bpf_objects::parse_bpf_fdinfo({reinterpret_cast<const char*>(data), size});
  if (parsed && parsed->memlock && *parsed->memlock < leakscope::Bytes(0)) __builtin_trap();
  return 0;
}
