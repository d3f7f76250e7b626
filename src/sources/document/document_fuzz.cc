// Whatever bytes a document has: an error or a document whose ledger can be summed.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sources/document/document.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope::sources;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)document::looks_like_document(text);
  const auto parsed = document::parse_document(text, "document");
  if (parsed && parsed->ledger) (void)parsed->ledger->unattributed();
  return 0;
}
