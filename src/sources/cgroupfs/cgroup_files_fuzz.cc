#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sources/cgroupfs/cgroup_files.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace cgroupfs = leakscope::sources::cgroupfs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  cgroupfs::CgroupValues values;
  (void)cgroupfs::parse_memory_stat_v2(text, "f", values);
  (void)cgroupfs::parse_memory_stat_v1(text, "f", values);
  (void)cgroupfs::parse_memory_events(text, "f", values);
  (void)cgroupfs::parse_cgroup_stat(text, "f", values);
  (void)cgroupfs::parse_oom_control(text, "f", values);
  for (const auto& value : values) {
    if (value.value < 0) __builtin_trap();
  }
  if (const auto amount = cgroupfs::parse_amount(text, "f"); amount && *amount && **amount < 0) __builtin_trap();
  (void)cgroupfs::parse_proc_cgroups(text, "memory");
  (void)cgroupfs::parse_cgroup_procs(text, "f");
  return 0;
}
