#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/rooted_dir.h"

namespace leakscope::sources::procfs {

/// Where this machine runs: "container" when the files hint that we stand in one, else the hypervisor by its common
/// name ("kvm", "xen", "vmware", "hyperv", "virtualbox", "parallels", "bhyve", "apple"), "vm" when the CPU says that
/// there is one and nothing says which, "none" when the CPU says there is none; empty: not known. No other process's
/// environment is read for it.
[[nodiscard]] std::string detect_virtualization(const RootedDir& root);

/// From sys_vendor and product_name of sys/class/dmi/id; empty: they name no hypervisor.
[[nodiscard]] std::string_view hypervisor_from_dmi(std::string_view vendor, std::string_view product);
/// Whether the first "flags" line of an x86 /proc/cpuinfo has "hypervisor"; nullopt: there is no such line.
[[nodiscard]] std::optional<bool> has_hypervisor_flag(std::string_view cpuinfo);

}  // namespace leakscope::sources::procfs
