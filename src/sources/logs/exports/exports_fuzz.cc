#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sources/logs/exports/exports.h"
#include "sources/logs/tables/kept_log.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& format : leakscope::sources::logs::export_formats()) {
    leakscope::sources::logs::KeptLog log(*format);
    log.read(text);
  }
  return 0;
}
