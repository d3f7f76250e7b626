#pragma once

#include <cstddef>
#include <vector>

#include "model/series.h"
#include "report/document.h"

namespace leakscope::session {

/// The largest subjects of each kind at the end of an observation, as tables: processes, groups, slab caches, cgroups,
/// tmpfs mounts, shared memory, vmalloc callers, BPF maps, holders of uncounted pages, swap devices and hugepages.
/// Kinds of which nothing was seen give no table.
[[nodiscard]] std::vector<report::Table> largest_subjects(const model::Observation& observation, std::size_t rows);

}  // namespace leakscope::session
