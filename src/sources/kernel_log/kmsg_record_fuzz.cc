#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sources/kernel_log/kmsg_record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto record = leakscope::sources::kernel_log::parse_kmsg_record(text);
  if (record && record->text.size() + record->dictionary.size() > size) __builtin_trap();
  if (leakscope::sources::kernel_log::unescape_kmsg(text).size() > size) __builtin_trap();
  return 0;
}
