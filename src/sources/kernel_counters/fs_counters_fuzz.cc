#include <cstddef>
#include <cstdint>

#include "sources/kernel_counters/fs_counters.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace counters = leakscope::sources::kernel_counters;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)counters::parse_dentry_state(text);
  (void)counters::parse_inode_nr(text);
  (void)counters::parse_file_nr(text);
  if (counters::parse_nth(text, 3) && !text.ends_with('\n')) __builtin_trap();
  return 0;
}
