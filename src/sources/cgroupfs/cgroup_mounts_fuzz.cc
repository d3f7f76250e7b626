#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sources/cgroupfs/cgroup_mounts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto mounts = leakscope::sources::cgroupfs::parse_cgroup_mounts(text);
  if (!mounts) return 0;
  for (const auto& mount : *mounts) {
    if (!mount.mount_point.starts_with('/')) __builtin_trap();
  }
  return 0;
}
