#include <cstddef>
#include <cstdint>

#include "sources/tmpfs/mountinfo.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace tmpfs = leakscope::sources::tmpfs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  tmpfs::Mountinfo info;
  if (tmpfs::parse_mountinfo(text, info)) {
    for (const tmpfs::Mount& mount : info.rows) {
      if (tmpfs::unescape(mount.mount_point).size() > mount.mount_point.size()) __builtin_trap();
    }
  }
  return 0;
}
