#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/rooted_dir.h"

namespace leakscope::sources::cgroupfs {

/// One mounted cgroup hierarchy.
struct CgroupMount {
  bool unified = false;                  ///< cgroup v2
  std::string mount_point;               ///< absolute, octal escapes undone
  std::string root;                      ///< what part of the hierarchy it shows: "/" or "/docker/5f2c..."
  std::vector<std::string> controllers;  ///< v1: words of the super block's options ("memory", "name=systemd", "rw")

  friend bool operator==(const CgroupMount&, const CgroupMount&) = default;
};

/// The cgroup lines of /proc/self/mountinfo, in its order. A cgroup line without its mount point or options is
/// malformed; a last line cut in half is kTruncated.
///   "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory"
///   "24 30 0:22 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot"
/// Kernel: fs/proc_namespace.c show_mountinfo(). Captured on 6.18; the same since 3.10 by the source.
[[nodiscard]] Result<std::vector<CgroupMount>> parse_cgroup_mounts(std::string_view mountinfo);

/// A hierarchy that can be read: its directory and how its cgroups are called.
struct Hierarchy {
  int version = 2;        ///< 1 or 2
  std::string prefix;     ///< of subject names: "" in v2, "memory:" or "pids:" in v1
  std::string base;       ///< path of the directory in the hierarchy, without a slash at its end: "" for the root
  std::string directory;  ///< relative to the root that it was found in: "sys/fs/cgroup/memory"
  /// The directory is the hierarchy's own root. False in a container that sees a part: what lies above, the limits
  /// there and the dying cgroups are out of sight.
  bool whole = true;
};

struct Hierarchies {
  std::optional<Hierarchy> main;  ///< the one with the memory controller, else the unified one, else v1 pids
  std::optional<Hierarchy> pids;  ///< v1: where the pids controller is, when that is not `main`
};

/// Finds the hierarchies from proc/self/mountinfo, or, where a recorded tree has none, by what stands below
/// sys/fs/cgroup. Presence decides: a hybrid machine has its memory controller in v1 or in v2. No hierarchy at all is
/// kNotFound.
[[nodiscard]] Result<Hierarchies> find_hierarchies(const RootedDir& root);

}  // namespace leakscope::sources::cgroupfs
