#pragma once

#include <memory>

#include "base/error.h"
#include "base/rooted_dir.h"
#include "sources/source.h"

namespace leakscope::sources::procfs {

// The machine as a whole, from /proc. Each source holds its file open and allocates nothing per sample once warm; all
// of them are of the fast tier. An error of a factory says what the file is missing, and becomes coverage.

/// "meminfo.*" of the machine.
[[nodiscard]] Result<std::unique_ptr<Source>> open_meminfo(const RootedDir& root);
/// "vmstat.*" of the machine.
[[nodiscard]] Result<std::unique_ptr<Source>> open_vmstat(const RootedDir& root);
/// "zoneinfo.*" of the machine and "zone.*" by zone. Zones that never had pages are left out.
[[nodiscard]] Result<std::unique_ptr<Source>> open_zoneinfo(const RootedDir& root);
/// "buddyinfo.*" of the machine.
[[nodiscard]] Result<std::unique_ptr<Source>> open_buddyinfo(const RootedDir& root);
/// "stat.*" of the machine.
[[nodiscard]] Result<std::unique_ptr<Source>> open_stat(const RootedDir& root);
/// "swap.*" by device; a device that is switched off is retired.
[[nodiscard]] Result<std::unique_ptr<Source>> open_swaps(const RootedDir& root);
/// "psi.*" of the machine, from the files of proc/pressure; one that is missing shows in the coverage.
[[nodiscard]] Result<std::unique_ptr<Source>> open_pressure(const RootedDir& root);
/// "loadavg.*" of the machine.
[[nodiscard]] Result<std::unique_ptr<Source>> open_loadavg(const RootedDir& root);
/// "net.bytes" of the machine: of the network namespace that we run in.
[[nodiscard]] Result<std::unique_ptr<Source>> open_net_dev(const RootedDir& root);
/// "disk.bytes" of the machine.
[[nodiscard]] Result<std::unique_ptr<Source>> open_diskstats(const RootedDir& root);

}  // namespace leakscope::sources::procfs
