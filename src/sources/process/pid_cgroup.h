#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace leakscope::sources::process {

/// /proc/PID/cgroup (kernel/cgroup/cgroup.c proc_cgroup_show; 4.5 to 6.18): where the process is in each hierarchy.
///   4:memory:/docker/0123abcd        (version 1: number, controllers, path)
///   1:name=systemd:/user.slice       (version 1 without a controller)
///   0::/system.slice/nginx.service   (version 2)
/// Paths are relative to the reader's cgroup namespace and may hold any bytes but newlines, colons too.
struct PidCgroup {
  std::optional<std::string> memory_v1;   ///< the hierarchy with the memory controller of version 1
  std::optional<std::string> systemd_v1;  ///< the hierarchy name=systemd
  std::optional<std::string> unified;     ///< version 2

  /// Where its memory is charged: the memory controller's path, else that of version 2, else "".
  [[nodiscard]] std::string_view memory_path() const;
  /// The name of the unit or container that it belongs to, by the first hierarchy that tells; empty when none does.
  [[nodiscard]] std::string unit_or_container() const;
};

/// Lines that are none are kMalformed; an empty text is a process without cgroups and no error. " (deleted)" behind
/// the path of a removed cgroup is taken off.
[[nodiscard]] Result<PidCgroup> parse_pid_cgroup(std::string_view text);

}  // namespace leakscope::sources::process
