#pragma once

#include <memory>

#include "base/error.h"
#include "base/rooted_dir.h"
#include "sources/source.h"

namespace leakscope::sources::sysfs {

/// "node.*" by NUMA node, from sys/devices/system/node/node*/meminfo. A kernel without NUMA has no such folder.
[[nodiscard]] Result<std::unique_ptr<Source>> open_numa_nodes(const RootedDir& root);
/// "hugepages.*" by page size, in bytes, from sys/kernel/mm/hugepages (mm/hugetlb.c):
///   hugepages-2048kB/nr_hugepages, free_hugepages, resv_hugepages, surplus_hugepages: one number of huge pages each
[[nodiscard]] Result<std::unique_ptr<Source>> open_hugepages(const RootedDir& root);
/// "zram.*" by device, from sys/block/zram*/mm_stat. A machine without zram is covered as absent, and a device that
/// appears later is found.
[[nodiscard]] Result<std::unique_ptr<Source>> open_zram(const RootedDir& root);

}  // namespace leakscope::sources::sysfs
