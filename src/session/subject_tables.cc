#include "session/subject_tables.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <span>

#include <fmt/format.h>

namespace leakscope::session {
namespace {

using model::Metric;
using model::SubjectKind;
using report::ColumnKind;

struct MetricColumn {
  Metric metric;
  std::string_view id;
  std::string_view title;
  bool only_if_known = false;  ///< no column where no subject has it
};

/// One table as data: which subjects, what is shown of them; the first column sorts.
struct Layout {
  std::string_view id;
  std::string_view title;
  SubjectKind kind;
  std::span<const MetricColumn> columns;
  bool with_pid = false;
  bool with_cgroup = false;
  bool with_detail = false;
};

constexpr auto kProcessColumns = std::to_array<MetricColumn>({
    {Metric::kProcessRssAnon, "rss_anon", "anonymous"},
    {Metric::kProcessRssFile, "rss_file", "file"},
    {Metric::kProcessRssShmem, "rss_shmem", "shared"},
    {Metric::kProcessSwap, "swap", "swap"},
    {Metric::kProcessPss, "pss", "PSS"},
    {Metric::kProcessThreads, "threads", "threads"},
    {Metric::kProcessFds, "fds", "fds"},
});
constexpr auto kGroupColumns = std::to_array<MetricColumn>({
    {Metric::kGroupRssAnon, "rss_anon", "anonymous"},
    {Metric::kGroupRssShmem, "rss_shmem", "shared"},
    {Metric::kGroupSwap, "swap", "swap"},
    {.metric = Metric::kGroupPss, .id = "pss", .title = "PSS", .only_if_known = true},
    {Metric::kGroupMembers, "members", "processes"},
    {Metric::kGroupThreads, "threads", "threads"},
});
constexpr auto kSlabColumns = std::to_array<MetricColumn>({
    {Metric::kSlabBytes, "bytes", "bytes"},
    {Metric::kSlabActiveObjects, "active_objects", "active"},
    {Metric::kSlabTotalObjects, "total_objects", "total"},
    {Metric::kSlabObjectSize, "object_size", "object"},
});
constexpr auto kCgroupColumns = std::to_array<MetricColumn>({
    {Metric::kCgroupCurrent, "current", "charged"},
    {Metric::kCgroupMax, "max", "limit"},
    {Metric::kCgroupAnon, "anon", "anonymous"},
    {Metric::kCgroupFile, "file", "file"},
    {Metric::kCgroupKernel, "kernel", "kernel"},
    {Metric::kCgroupEventsOomKill, "oom_kill", "OOM kills"},
});
constexpr auto kTmpfsColumns = std::to_array<MetricColumn>({
    {Metric::kTmpfsUsed, "used", "used"},
    {Metric::kTmpfsSize, "size", "limit"},
    {Metric::kTmpfsFiles, "files", "files"},
});
constexpr auto kShmColumns = std::to_array<MetricColumn>({
    {Metric::kShmSegmentRss, "rss", "resident"},
    {Metric::kShmSegmentAttached, "attached", "attached"},
});
constexpr auto kVmallocColumns = std::to_array<MetricColumn>({
    {Metric::kVmallocBytes, "bytes", "bytes"},
    {Metric::kVmallocAreas, "areas", "areas"},
});
constexpr auto kBpfColumns = std::to_array<MetricColumn>({{Metric::kBpfMapBytes, "bytes", "bytes"}});
constexpr auto kHolderColumns = std::to_array<MetricColumn>({{Metric::kHolderBytes, "bytes", "bytes"}});
constexpr auto kSwapColumns = std::to_array<MetricColumn>({
    {Metric::kSwapUsed, "used", "used"},
    {Metric::kSwapSize, "size", "size"},
});
constexpr auto kZramColumns = std::to_array<MetricColumn>({
    {Metric::kZramMemUsed, "mem_used", "takes"},
    {Metric::kZramOrigData, "orig_data", "holds"},
});
constexpr auto kHugepageColumns = std::to_array<MetricColumn>({
    {Metric::kHugepagesTotal, "total", "pool"},
    {Metric::kHugepagesFree, "free", "free"},
    {Metric::kHugepagesReserved, "reserved", "reserved"},
});
constexpr auto kNodeColumns = std::to_array<MetricColumn>({
    {Metric::kNodeTotal, "total", "total"},
    {Metric::kNodeFree, "free", "free"},
    {Metric::kNodeAnon, "anon", "anonymous"},
    {Metric::kNodeFilePages, "file", "file"},
    {Metric::kNodeSlab, "slab", "slab"},
});

constexpr auto kLayouts = std::to_array<Layout>({
    {.id = "groups", .title = "groups", .kind = SubjectKind::kGroup, .columns = kGroupColumns},
    {.id = "processes",
     .title = "processes",
     .kind = SubjectKind::kProcess,
     .columns = kProcessColumns,
     .with_pid = true,
     .with_cgroup = true},
    {.id = "cgroups", .title = "cgroups", .kind = SubjectKind::kCgroup, .columns = kCgroupColumns},
    {.id = "slab_caches",
     .title = "slab caches",
     .kind = SubjectKind::kSlabCache,
     .columns = kSlabColumns,
     .with_detail = true},
    {.id = "tmpfs", .title = "tmpfs mounts", .kind = SubjectKind::kTmpfs, .columns = kTmpfsColumns},
    {.id = "sysv_shm", .title = "SysV shared memory", .kind = SubjectKind::kSysvShm, .columns = kShmColumns},
    {.id = "vmalloc_callers",
     .title = "vmalloc callers",
     .kind = SubjectKind::kVmallocCaller,
     .columns = kVmallocColumns},
    {.id = "bpf_maps", .title = "BPF maps", .kind = SubjectKind::kBpfMap, .columns = kBpfColumns},
    {.id = "holders",
     .title = "holders of pages without a counter",
     .kind = SubjectKind::kHolder,
     .columns = kHolderColumns,
     .with_detail = true},
    {.id = "swap_devices", .title = "swap", .kind = SubjectKind::kSwapDevice, .columns = kSwapColumns},
    {.id = "zram_devices", .title = "zram", .kind = SubjectKind::kZramDevice, .columns = kZramColumns},
    {.id = "hugepages",
     .title = "hugepages (kB per page)",
     .kind = SubjectKind::kHugepageSize,
     .columns = kHugepageColumns},
    {.id = "numa_nodes", .title = "NUMA nodes", .kind = SubjectKind::kNumaNode, .columns = kNodeColumns},
});

ColumnKind column_kind(Metric metric) {
  return model::info(metric).unit == model::Unit::kBytes ? ColumnKind::kBytes : ColumnKind::kCount;
}

struct Ranked {
  model::SubjectId subject;
  std::int64_t value;
};

/// Subjects still there at the end, largest first; those that hold nothing are left out.
std::vector<Ranked> ranked(const model::Observation& observation, const Layout& layout) {
  std::vector<Ranked> all;
  const Metric metric = layout.columns.front().metric;
  for (const model::SubjectId subject : observation.subjects_with(metric)) {
    const std::int64_t value = observation.last(subject, metric).value_or(0);
    if (value > 0 && !observation.info(subject).retired) all.push_back({subject, value});
  }
  std::ranges::stable_sort(all, std::ranges::greater{}, &Ranked::value);
  return all;
}

/// A single hugepage size, NUMA node or the like says nothing that the ledger does not say.
bool worth_a_table(const Layout& layout, const std::vector<Ranked>& subjects) {
  return layout.kind == SubjectKind::kNumaNode ? subjects.size() > 1 : !subjects.empty();
}

std::vector<MetricColumn> columns_of(const model::Observation& observation, const Layout& layout) {
  std::vector<MetricColumn> columns;
  std::ranges::copy_if(layout.columns, std::back_inserter(columns), [&](const MetricColumn& column) {
    return !column.only_if_known || !observation.subjects_with(column.metric).empty();
  });
  return columns;
}

std::vector<report::Cell> row_of(const model::Observation& observation, const Layout& layout,
                                 std::span<const MetricColumn> columns, model::SubjectId subject) {
  const model::SubjectInfo info = observation.info(subject);
  std::vector<report::Cell> row;
  if (layout.with_pid) row.emplace_back(std::int64_t{info.key.process ? info.key.process->pid.value : 0});
  row.emplace_back(info.key.name);
  for (const MetricColumn& column : columns) {
    const auto value = observation.last(subject, column.metric);
    row.push_back(value ? report::Cell(*value) : report::Cell());
  }
  if (layout.with_cgroup) row.emplace_back(info.container.empty() ? info.cgroup : info.container);
  if (layout.with_detail) row.emplace_back(info.detail);
  return row;
}

report::Table table_of(const model::Observation& observation, const Layout& layout, std::span<const Ranked> subjects,
                       std::size_t rows) {
  report::Table table{.id = std::string(layout.id), .title = std::string(layout.title)};
  if (layout.with_pid) table.columns.push_back({"pid", "PID", ColumnKind::kText});
  table.columns.push_back({"name", "name", ColumnKind::kText});
  const std::vector<MetricColumn> columns = columns_of(observation, layout);
  for (const MetricColumn& column : columns) {
    table.columns.push_back({std::string(column.id), std::string(column.title), column_kind(column.metric)});
  }
  if (layout.with_cgroup) table.columns.push_back({"cgroup", "cgroup", ColumnKind::kText});
  if (layout.with_detail) table.columns.push_back({"detail", "", ColumnKind::kText});
  const std::size_t shown = std::min(rows, subjects.size());
  for (const Ranked& entry : subjects.first(shown)) {
    table.rows.push_back(row_of(observation, layout, columns, entry.subject));
  }
  table.rows_not_shown = subjects.size() - shown;
  return table;
}

}  // namespace

std::vector<report::Table> largest_subjects(const model::Observation& observation, std::size_t rows) {
  std::vector<report::Table> tables;
  for (const Layout& layout : kLayouts) {
    const std::vector<Ranked> subjects = ranked(observation, layout);
    if (worth_a_table(layout, subjects)) tables.push_back(table_of(observation, layout, subjects, rows));
  }
  return tables;
}

std::optional<ListedKind> kind_of_table(std::string_view table_id) {
  const auto layout = std::ranges::find(kLayouts, table_id, &Layout::id);
  if (layout == kLayouts.end()) return std::nullopt;
  return ListedKind{layout->kind, layout->columns.front().metric};
}

std::optional<model::Metric> metric_of_column(std::string_view table_id, std::string_view column_id) {
  const auto layout = std::ranges::find(kLayouts, table_id, &Layout::id);
  if (layout == kLayouts.end()) return std::nullopt;
  const auto column = std::ranges::find(layout->columns, column_id, &MetricColumn::id);
  if (column == layout->columns.end()) return std::nullopt;
  return column->metric;
}

}  // namespace leakscope::session
