#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/error.h"
#include "base/rooted_dir.h"
#include "sources/source.h"

namespace leakscope::sources::page_holders {

/// Who takes pages straight from the buddy allocator, so that no field of meminfo shows them: one kHolder subject each
/// with holder.bytes and holder.counted, and what a person can look at in SubjectInfo.detail. ZFS ARC ("zfs-arc"),
/// ftrace ring buffers ("ftrace-buffers"), network page pools ("page-pool"), AF_PACKET rings ("packet-rings"), GPU
/// memory ("gpu-gtt", "drm-clients"), balloons ("balloon"), the block layer's reserve ("bio-integrity"); page_ext is
/// named in coverage, because nothing tells its size. A holder that this machine does not have is absent in coverage;
/// one that went away is retired.
[[nodiscard]] Result<std::unique_ptr<Source>> open_page_holders(const RootedDir& root, PageSize page_size);

/// The holders that only debugfs tells of, whose files take locks of drivers: "dma-buf", "vmware-balloon". Apart from
/// the others, so that one that hangs costs nothing else.
[[nodiscard]] Result<std::unique_ptr<Source>> open_debugfs_holders(const RootedDir& root);

}  // namespace leakscope::sources::page_holders
