// Whatever bytes a name has: the JSON parses and holds no control character that would need an escape.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "render/json/json.h"
#include "report/testing/sample_documents.h"

// An escaped backslash is none of these: what follows it is text.
static bool escapes_a_control_character(std::string_view text) {
  for (std::size_t at = text.find('\\'); at < text.size(); at = text.find('\\', at + 2)) {
    if (text.substr(at + 1).starts_with("u00")) return true;
  }
  return false;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  const std::string text =
      render::json::to_json(report::testing::with_every_field({reinterpret_cast<const char*>(data), size}));
  if (!nlohmann::json::accept(text) || escapes_a_control_character(text)) std::abort();
  return 0;
}
