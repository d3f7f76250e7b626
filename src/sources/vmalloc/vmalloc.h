#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/error.h"
#include "base/rooted_dir.h"
#include "sources/log_format.h"
#include "sources/source.h"

namespace leakscope::sources::vmalloc {

/// vmalloc areas by caller (vmalloc.bytes, vmalloc.unbacked, vmalloc.areas), and over all: vmallocinfo.pages_total,
/// vmallocinfo.stack_pages, vmallocinfo.vmap_pages, vmallocinfo.unpurged. Reads /proc/vmallocinfo (0400), which takes
/// milliseconds where there are thousands of areas. A caller whose last area went away reads 0.
[[nodiscard]] Result<std::unique_ptr<Source>> open_vmalloc(const RootedDir& root, PageSize page_size);

/// /proc/vmallocinfo as it stands in a log. Lines have no key, so that between two of them something else must stand: a
/// time, "===".
[[nodiscard]] std::unique_ptr<LogFormat> vmallocinfo_log_format(PageSize page_size);

}  // namespace leakscope::sources::vmalloc
