// Whatever bytes a name has: the JSON parses and holds no control character that would need an escape.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <nlohmann/json.hpp>

#include "render/json/json.h"
#include "report/testing/sample_documents.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  const std::string text =
      render::json::to_json(report::testing::with_every_field({reinterpret_cast<const char*>(data), size}));
  if (!nlohmann::json::accept(text) || text.find("\\u00") != std::string::npos) std::abort();
  return 0;
}
