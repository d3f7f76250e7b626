#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sources/page_holders/ftrace_buffers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace holders = leakscope::sources::page_holders;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto ring = holders::parse_buffer_size(text);
  if (ring && ring->kib_per_cpu) (void)holders::ring_bytes(*ring->kib_per_cpu, {});
  if (const auto page = holders::parse_header_page(text)) (void)holders::ring_bytes(1410, *page);
  (void)holders::parse_cpu_list(text);
  return 0;
}
