#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "model/series.h"
#include "report/document.h"

namespace leakscope::session {

/// The largest subjects of each kind at the end of an observation, as tables: processes, groups, slab caches, cgroups,
/// tmpfs mounts, shared memory, vmalloc callers, BPF maps, holders of uncounted pages, swap and zram devices, and
/// hugepages.
/// Kinds of which nothing was seen give no table.
[[nodiscard]] std::vector<report::Table> largest_subjects(const model::Observation& observation, std::size_t rows);

/// What such tables hold, for reading them back.
struct ListedKind {
  model::SubjectKind kind{};
  model::Metric largest_by{};  ///< the metric that rows were chosen by: who holds none of it is not listed
};
[[nodiscard]] std::optional<ListedKind> kind_of_table(std::string_view table_id);
[[nodiscard]] std::optional<model::Metric> metric_of_column(std::string_view table_id, std::string_view column_id);

}  // namespace leakscope::session
