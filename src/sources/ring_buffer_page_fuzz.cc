#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "sources/ring_buffer_page.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope::sources;
  (void)parse_header_page(std::string_view(reinterpret_cast<const char*>(data), size), 4096, ByteOrder::kLittle);
  const auto bytes = std::as_bytes(std::span(data, size));
  for (const ByteOrder order : {ByteOrder::kLittle, ByteOrder::kBig}) {
    RingPageLayout layout;
    layout.order = order;
    auto page = RingPage::open(bytes, layout);
    if (!page) continue;
    std::size_t total = 0;
    while (const auto record = page->next()) total += record->payload.size() + 4;
    if (total > size) __builtin_trap();
  }
  return 0;
}
