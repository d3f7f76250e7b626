#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/process_id.h"
#include "base/rooted_dir.h"
#include "model/metric.h"
#include "sources/cgroupfs/cgroup_files.h"
#include "sources/source.h"

namespace leakscope::sources::cgroupfs {

/// How much one sample may do. The defaults suit a live machine; tests take smaller ones.
struct CgroupBudget {
  std::size_t reads = 400;                             ///< cgroups read per sample
  Nanoseconds read_cpu{std::chrono::milliseconds(3)};  ///< and CPU time for them, whichever ends first
  Nanoseconds walk_cpu{std::chrono::milliseconds(1)};  ///< CPU time for looking for new and removed cgroups
  Nanoseconds walk_period{std::chrono::seconds(5)};    ///< a new walk begins so long after the last one began
  std::size_t favourites = 128;  ///< held open and read in every sample: limited and largest first
  std::size_t most_cgroups = 20'000;
};

/// Every cgroup of the hierarchy that has the memory controller: v1, v2, or the one of both that a hybrid machine
/// uses. Subjects are kCgroup, named by their path in the hierarchy ("/system.slice/x.service"; in v1 with the
/// controller: "memory:/x"; the root is "/"), with the cgroup above as parent.
///
/// Metrics are kCgroup*; of v1 those that have a match (cgroup_files.h), with pids.* from the same path of the pids
/// hierarchy. Limits are read with each walk of the tree; a limit that is not set has no reading. For the machine:
/// kCgroupsExisting, kCgroupsVisible, kCgroupsDying: v2 from the root's cgroup.stat; v1 from /proc/cgroups
/// (num_cgroups counts removed cgroups until their last page or object is gone, checked on 6.18 with a tmpfs file
/// charged to a removed cgroup) minus the directories, at the end of a walk.
///
/// Cgroups made and removed after the first walk are events; removed ones are retired. A cgroup that comes and goes
/// between two walks is not seen.
///
/// Cost, measured on 6.18 (2 CPUs, v1, 2032 cgroups, optimised build): 25 us CPU to read a cgroup (8 files), 28 us when
/// its files are not held, 60 us at first sight; 12 us per cgroup for a walk. memory.stat makes the kernel sum its
/// per-CPU counters first: 60 us when a second has passed on this small machine, milliseconds under a lock on large
/// ones; hence the long period, a thread of its own, and a budget. What a sample does not reach comes in the next, in
/// turn; coverage says how much that is.
[[nodiscard]] Result<std::unique_ptr<Source>> open_cgroups(const RootedDir& root, const CgroupBudget& budget = {});

/// All that is known of one cgroup, for `status --cgroup PATH`.
struct CgroupFacts {
  struct Limit {
    std::string cgroup;  ///< subject name of the one that sets it
    std::int64_t value = 0;
  };

  std::string name;  ///< as its subject is called
  int version = 2;
  CgroupValues values;
  std::optional<Limit> memory_limit;  ///< the tightest of the cgroup and those above it; nothing: none is set
  std::optional<Limit> swap_limit;    ///< v2: of swap alone; v1: of memory and swap together
  std::optional<Limit> pids_limit;
  bool whole = true;  ///< false: we are in a container, and limits above its root are out of sight
  std::vector<Pid> processes;
  std::optional<Error> trouble;  ///< the first file that could not be read or understood
};

/// `path` may be written as in /proc/PID/cgroup ("/system.slice/x.service", "memory:/x") or as a directory
/// ("/sys/fs/cgroup/system.slice/x.service"). kNotFound when there is no such cgroup; kUsage for a path with "..".
[[nodiscard]] Result<CgroupFacts> read_cgroup(const RootedDir& root, std::string_view path);

}  // namespace leakscope::sources::cgroupfs
