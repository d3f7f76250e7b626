#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace leakscope::sources::process {

/// What a person calls the thing that a cgroup path stands for.
struct CgroupName {
  enum class Kind : std::uint8_t {
    kNone,       ///< the path tells nothing: the root, or directories of some other tool
    kUnit,       ///< a systemd unit, as systemctl takes it: "nginx.service", "session-3.scope", "user-1000.slice"
    kContainer,  ///< runtime and short id, "docker-0123456789ab"; with LXC its name
    kMachine,    ///< a virtual machine or nspawn container of systemd-machined: "qemu-1-web"
  };
  Kind kind = Kind::kNone;
  std::string name;
  friend bool operator==(const CgroupName&, const CgroupName&) = default;
};

/// The innermost container or machine of the path; else the innermost unit that is no slice; else the innermost slice.
/// Knows systemd's layout (units, the "_" that escapes reserved names, \xNN in machine names) and those of Docker,
/// containerd, CRI-O, Podman, Kubernetes and LXC, with the systemd and the cgroupfs driver.
[[nodiscard]] CgroupName cgroup_name(std::string_view path);

}  // namespace leakscope::sources::process
