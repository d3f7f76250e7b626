#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/rooted_dir.h"
#include "model/coverage.h"
#include "model/host.h"

namespace leakscope::sources::procfs {

struct HostReading {
  model::Host host;
  /// Entries of the source "host" for each fact that is missing though most machines have it; empty when all is known.
  std::vector<model::Coverage> coverage;
};

/// The facts of the machine whose files stand below the root. What cannot be read stays empty. Live, page size,
/// machine and CPUs are asked of the system; in a recorded tree they come from its files as far as these tell.
[[nodiscard]] HostReading read_host(const RootedDir& root);

/// 1, 2, or 12 for a hybrid (both are mounted, the memory controller in v1) from /proc/PID/mountinfo or /proc/mounts;
/// nullopt: no cgroup file system with memory is mounted.
///   35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
///   cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime 0 0
[[nodiscard]] std::optional<int> cgroup_version_from_mounts(std::string_view mounts);
/// The word in brackets of "always [madvise] never"; empty: there is none.
[[nodiscard]] std::string_view bracketed_word(std::string_view text);
/// How many CPUs "0-3,5" lists; nullopt when it is not such a list.
[[nodiscard]] std::optional<std::int64_t> count_cpu_list(std::string_view text);
/// "x86_64" from "4.18.0-553.el8.x86_64" or "6.1.0-28-amd64"; empty: the release does not say.
[[nodiscard]] std::string_view machine_from_release(std::string_view release);

}  // namespace leakscope::sources::procfs
