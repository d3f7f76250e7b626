#pragma once

#include <functional>

#include "base/rooted_dir.h"
#include "model/name_table.h"
#include "model/site_tally.h"

namespace leakscope::session {

using IsReclaimable = std::function<bool(const model::SiteTally&)>;

/// By the names of slab caches that the kernel gives back when memory is short, as far as they are known: inode caches,
/// dentries, kmalloc-rcl-*, radix tree nodes, buffer heads. For traces of other machines. `names` must outlive it.
[[nodiscard]] IsReclaimable reclaimable_by_name(const model::NameTable& names);

/// As the running kernel says of each cache (sys/kernel/slab/NAME/reclaim_account), else by name.
[[nodiscard]] IsReclaimable reclaimable_here(const RootedDir& root, const model::NameTable& names);

}  // namespace leakscope::session
