#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sources/perf_data/opened_bytes.h"
#include "sources/perf_data/perf_data.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto stream =
      leakscope::sources::perf_data::open_perf_data(leakscope::sources::perf_data::opened_bytes(bytes), "fuzz");
  if (!stream) return 0;
  std::uint64_t last = 0;
  for (;;) {
    const auto events = (*stream)->next();
    if (!events || events->empty()) break;
    for (const leakscope::model::KmemEvent& event : *events) {
      if (event.time < last || event.address == 0) __builtin_trap();
      last = event.time;
      (void)(*stream)->stacks().frames(event.stack);
    }
  }
  (void)(*stream)->losses();
  (void)(*stream)->coverage();
  return 0;
}
