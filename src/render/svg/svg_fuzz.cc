// Whatever bytes a name has: the graph is well-formed XML, and the name stays a text in it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "render/svg/svg.h"
#include "render/svg/testing/well_formed.h"
#include "report/testing/sample_documents.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  const auto document = report::testing::with_every_field({reinterpret_cast<const char*>(data), size});
  const auto svg = render::svg::to_svg(document);
  if (!svg || render::svg::testing::XmlReader(*svg).first_mistake()) std::abort();
  return 0;
}
