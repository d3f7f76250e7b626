#include <cstddef>
#include <cstdint>
#include <span>

#include "sources/perf_data/tracing_data.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = leakscope::sources::perf_data::parse_tracing_data(std::as_bytes(std::span(data, size)), "fuzz");
  if (parsed && parsed->kallsyms.size() > size) __builtin_trap();
  return 0;
}
