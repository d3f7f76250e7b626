// Whatever bytes a name has: nothing that a terminal obeys comes out, and ASCII output is ASCII.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "render/text/text.h"
#include "report/testing/sample_documents.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  const auto document = report::testing::with_every_field({reinterpret_cast<const char*>(data), size});
  const render::text::Options options{.width = 60, .verbose = true, .unicode = false};
  for (const char byte : render::text::to_text(document, options)) {
    const auto c = static_cast<unsigned char>(byte);
    if ((c < 0x20 && c != '\n') || c >= 0x7f) std::abort();
  }
  return 0;
}
