#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/error.h"
#include "base/rooted_dir.h"
#include "sources/log_format.h"
#include "sources/source.h"

namespace leakscope::sources::slab {

/// Every slab cache: slab.active_objects, slab.total_objects, slab.object_size, slab.bytes, slab.reclaimable, with the
/// names of merged caches in SubjectInfo.detail, and slabinfo.total over all. Reads /proc/slabinfo (0400, takes
/// slab_mutex: 0.1 to 0.3 ms at 240 caches); where that may not be read, the files of /sys/kernel/slab. A cache that
/// was destroyed is retired. Rows of one name are added up.
[[nodiscard]] Result<std::unique_ptr<Source>> open_slab(const RootedDir& root, PageSize page_size);

/// /proc/slabinfo as it stands in a log, whole or what `grep` left of it. Names of merged caches, and whether pages are
/// reclaimable, are not told there.
[[nodiscard]] std::unique_ptr<LogFormat> slabinfo_log_format(PageSize page_size);

}  // namespace leakscope::sources::slab
