#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace leakscope::model {

/// Facts of a machine that do not change while it runs. Strings are raw foreign bytes.
struct Host {
  std::string hostname;
  std::string kernel_release;         ///< /proc/sys/kernel/osrelease
  std::string kernel_version;         ///< /proc/version
  std::string boot_id;                ///< /proc/sys/kernel/random/boot_id
  std::string command_line;           ///< /proc/cmdline; values of the parameters that matter to memory only
  std::string machine;                ///< uname -m
  std::string virtualization;         ///< "none", "kvm", "container"...; empty: not known
  std::string transparent_hugepages;  ///< "always", "madvise", "never"; empty: the kernel has none
  std::optional<int> cgroup_version;  ///< 1, 2; 12 for a hybrid with the memory controller in v1
  std::optional<std::int64_t> cpus;
  PageSize page_size;
  std::vector<std::string> modules;

  friend bool operator==(const Host&, const Host&) = default;
};

}  // namespace leakscope::model
