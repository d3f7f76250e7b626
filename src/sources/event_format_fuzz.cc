#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "sources/event_format.h"

// The text is read as a description, and its own bytes as a record of that event: places that the text makes up must
// not lead out of the record.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::string_view system : {"kmem", "percpu"}) {
    const auto format = sources::parse_event_format(text, system, "input");
    if (!format) continue;
    const sources::TraceMachine machine{.order = size % 2 == 0 ? sources::ByteOrder::kLittle : sources::ByteOrder::kBig,
                                        .long_size = 8,
                                        .page_size = PageSize{4096},
                                        .cpus = 4};
    const auto decoder = sources::KmemDecoder::make(*format, machine);
    if (!decoder || !*decoder) continue;
    model::NameTable names;
    model::KmemEvent event;
    for (const std::size_t length : {size, size / 2, std::size_t{40}}) {
      const std::size_t shown = length < size ? length : size;
      if ((*decoder)->decode(std::as_bytes(std::span(data, shown)), names, event) && event.address == 0)
        __builtin_trap();
    }
  }
  return 0;
}
