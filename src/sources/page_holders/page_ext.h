#pragma once

#include <memory>

#include "sources/page_holders/holder.h"

namespace leakscope::sources::page_holders {

/// page_ext (page_owner, page_table_check, idle page tracking of 32-bit kernels): a record per page, taken at boot from
/// the buddy allocator. No file tells its size; from 6.11 on it is part of vmstat's nr_memmap_pages and
/// nr_memmap_boot_pages (mm/page_ext.c: memmap_pages_add). So there is never a level, only the reason.
[[nodiscard]] std::unique_ptr<Holder> make_page_ext();

}  // namespace leakscope::sources::page_holders
