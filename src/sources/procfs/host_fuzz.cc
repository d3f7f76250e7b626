#include <cstddef>
#include <cstdint>

#include "sources/procfs/host.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  using namespace leakscope::sources::procfs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)cgroup_version_from_mounts(text);
  (void)bracketed_word(text);
  (void)count_cpu_list(text);
  return 0;
}
