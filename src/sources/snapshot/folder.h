#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/rooted_dir.h"
#include "sources/snapshot/folder_time.h"
#include "sources/snapshot/stamp.h"

namespace leakscope::sources::snapshot {

/// One moment of a machine as files: what `record --snapshot` wrote, an unpacked sosreport, a copy of /proc.
struct Folder {
  std::string name;  ///< as the user would type it
  RootedDir root;    ///< below it stand proc/, sys/ and what tools printed
  FolderTime time;
  std::string boot_id;   ///< empty: not known
  std::string hostname;  ///< empty: not known
  std::optional<Stamp> stamp;
  std::optional<Error> bad_stamp;  ///< there is one that cannot be read
};

/// Finds the moments in a directory: DIR/proc/meminfo, DIR/meminfo (a bare copy of /proc), DIR/sos_commands,
/// DIR/var/log with a kernel log, or one level down in any number of directories, as they lie when archives were
/// unpacked or snapshots gathered. Links in it are not followed. kNotFound when nothing of the kind is there.
[[nodiscard]] Result<std::vector<Folder>> find_folders(const std::string& path);

}  // namespace leakscope::sources::snapshot
