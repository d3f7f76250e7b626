#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/parsed_rows.h"

namespace leakscope::sources::tmpfs {

/// A file system's number, as st_dev and mountinfo show it: all mounts of one file system share it.
struct Device {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  friend constexpr auto operator<=>(Device, Device) = default;
};

/// One mount. Views point into the parsed text and still hold its escapes.
struct Mount {
  std::uint32_t id = 0;
  std::uint32_t parent = 0;
  Device device;
  std::string_view root;         ///< the directory of the file system that is mounted: "/" unless it is a bind mount
  std::string_view mount_point;  ///< as seen from the reader's root
  std::string_view fs_type;
  std::string_view source;
  friend bool operator==(const Mount&, const Mount&) = default;
};

/// A later mount may hide an earlier one at the same place.
using Mountinfo = ParsedRows<Mount>;

/// Parses /proc/PID/mountinfo (fs/proc_namespace.c: show_mountinfo; the format is ABI, see proc(5)):
///   25 24 0:23 / /dev/shm rw,relatime shared:4 - tmpfs tmpfs rw,size=24684092k
/// Between the options and "-" stands any number of optional fields. `out` is refilled; a line that does not parse is
/// counted. An error means that no line did.
[[nodiscard]] Result<> parse_mountinfo(std::string_view text, Mountinfo& out);

/// Undoes the kernel's escapes (fs/seq_file.c: mangle_path): "\040" is a blank. A backslash without three octal digits
/// stays as it is.
[[nodiscard]] std::string unescape(std::string_view text);

}  // namespace leakscope::sources::tmpfs
