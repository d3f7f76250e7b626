#include "session/oom_ledger.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "analysis/accounting/accounts.h"
#include "analysis/accounting/ledger.h"

namespace leakscope::session {
namespace {

using analysis::accounting::RowId;
using analysis::accounting::sane;
using model::Metric;
using sources::oom_report::Constraint;
using sources::oom_report::Counter;
using sources::oom_report::OomReport;
using sources::oom_report::Task;
using sources::oom_report::Zone;

std::int64_t times(std::int64_t pages, std::int64_t size) { return sane(checked_mul(pages, size).value_or(INT64_MAX)); }

std::int64_t plus(std::int64_t a, std::int64_t b) { return checked_add(a, b).value_or(INT64_MAX); }

/// Bytes of a counter over all nodes or, where these do not have it, over all zones.
std::optional<std::int64_t> summed(const OomReport& report, Counter counter) {
  for (const std::vector<Zone>* const rows : {&report.nodes, &report.zones}) {
    std::optional<std::int64_t> sum;
    for (const Zone& row : *rows) {
      if (const auto kib = row.kib.get(counter)) sum = plus(sum.value_or(0), times(*kib, 1024));
    }
    if (sum) return sum;
  }
  return std::nullopt;
}

std::optional<std::int64_t> total_of(const OomReport& report, PageSize page) {
  const auto managed = summed(report, Counter::kManaged);
  const auto& totals = report.totals;
  if (!totals.ram || !totals.reserved) return managed;
  const std::int64_t given = times(std::max<std::int64_t>(*totals.ram - *totals.reserved, 0), page.bytes);
  // Zones that the request could not have used are not listed.
  const bool all_zones = managed && *managed > given - given / 20;
  return all_zones ? managed : given;
}

std::optional<std::int64_t> anonymous_pages(const OomReport& report) {
  std::int64_t lru = 0;
  for (const Counter counter : {Counter::kActiveAnon, Counter::kInactiveAnon, Counter::kActiveFile,
                                Counter::kInactiveFile, Counter::kUnevictable}) {
    const auto pages = report.machine.get(counter);
    if (!pages) return std::nullopt;
    lru = plus(lru, *pages);
  }
  lru = plus(lru, report.machine.get(Counter::kIsolatedAnon).value_or(0));
  lru = plus(lru, report.machine.get(Counter::kIsolatedFile).value_or(0));
  if (report.totals.page_cache) {
    return std::max<std::int64_t>(lru - *report.totals.page_cache + report.totals.swap_cache.value_or(0), 0);
  }
  const std::int64_t files =
      plus(*report.machine.get(Counter::kActiveFile), *report.machine.get(Counter::kInactiveFile));
  return std::max<std::int64_t>(lru - files - report.machine.get(Counter::kShmem).value_or(0), 0);
}

struct MachineRow {
  Counter counter;
  Metric metric;
};
constexpr auto kMachineRows = std::to_array<MachineRow>({
    {Counter::kFree, Metric::kVmstatFreePages},
    {Counter::kActiveAnon, Metric::kVmstatActiveAnon},
    {Counter::kInactiveAnon, Metric::kVmstatInactiveAnon},
    {Counter::kActiveFile, Metric::kVmstatActiveFile},
    {Counter::kInactiveFile, Metric::kVmstatInactiveFile},
    {Counter::kUnevictable, Metric::kVmstatUnevictable},
    {Counter::kIsolatedAnon, Metric::kVmstatIsolatedAnon},
    {Counter::kIsolatedFile, Metric::kVmstatIsolatedFile},
    {Counter::kShmem, Metric::kVmstatShmem},
    {Counter::kSlabReclaimable, Metric::kVmstatSlabReclaimable},
    {Counter::kSlabUnreclaimable, Metric::kVmstatSlabUnreclaimable},
    {Counter::kPagetables, Metric::kVmstatPageTables},
    {Counter::kSecPagetables, Metric::kVmstatSecPageTables},
    {Counter::kBounce, Metric::kVmstatBounce},
    {Counter::kKernelMiscReclaimable, Metric::kVmstatKernelMiscReclaimable},
    {Counter::kFreePcp, Metric::kZoneinfoPcp},
    {Counter::kFreeCma, Metric::kVmstatFreeCma},
});
constexpr auto kNodeRows = std::to_array<MachineRow>({
    {Counter::kKernelStack, Metric::kVmstatKernelStack},
    {Counter::kWritebackTmp, Metric::kVmstatWritebackTemp},
    {Counter::kBalloon, Metric::kVmstatBalloonPages},
    {Counter::kGpuActive, Metric::kVmstatGpuActive},
    {Counter::kGpuReclaim, Metric::kVmstatGpuReclaim},
    {Counter::kVmalloc, Metric::kVmstatVmalloc},
    {Counter::kZspages, Metric::kVmstatZspages},
});

void put_machine(const OomReport& report, model::SampleSink& sink) {
  const PageSize page = page_size_of(report);
  const auto put_pages = [&](Metric metric, std::optional<std::int64_t> pages) {
    if (pages) sink.put(metric, times(*pages, page.bytes));
  };
  for (const MachineRow& row : kMachineRows) put_pages(row.metric, report.machine.get(row.counter));
  for (const MachineRow& row : kNodeRows) {
    if (const auto bytes = summed(report, row.counter)) sink.put(row.metric, *bytes);
  }
  put_pages(Metric::kVmstatAnonPages, anonymous_pages(report));
  std::optional<std::int64_t> file_pages = report.totals.page_cache;
  if (!file_pages && report.machine.get(Counter::kActiveFile) && report.machine.get(Counter::kInactiveFile)) {
    file_pages = plus(plus(*report.machine.get(Counter::kActiveFile), *report.machine.get(Counter::kInactiveFile)),
                      report.machine.get(Counter::kShmem).value_or(0));
  }
  put_pages(Metric::kVmstatFilePages, file_pages);
  put_pages(Metric::kVmstatSwapCached, report.totals.swap_cache);
  put_pages(Metric::kMeminfoHardwareCorrupted, report.totals.hwpoisoned);
  put_pages(Metric::kZoneinfoPresent, report.totals.ram);
  if (const auto total = total_of(report, page)) sink.put(Metric::kZoneinfoManaged, *total);
  if (report.totals.swap_total) sink.put(Metric::kMeminfoSwapTotal, sane(report.totals.swap_total->count()));
  if (report.totals.swap_free) sink.put(Metric::kMeminfoSwapFree, sane(report.totals.swap_free->count()));
}

void put_hugepages(const OomReport& report, model::SampleSink& sink) {
  std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> pools;  // size in KiB: pages, free ones
  for (const auto& pool : report.hugepages) {
    auto& [total, free] = pools[pool.page_kib];
    total = plus(total, pool.total);
    free = plus(free, pool.free);
  }
  for (const auto& [size, pages] : pools) {
    const model::SubjectId subject =
        sink.registry().intern(model::SubjectKey{model::SubjectKind::kHugepageSize, fmt::format("{}", size)});
    const std::int64_t bytes = times(size, 1024);
    sink.put(subject, Metric::kHugepagesTotal, times(pages.first, bytes));
    sink.put(subject, Metric::kHugepagesFree, times(pages.second, bytes));
  }
}

void put_groups(const OomReport& report, model::SampleSink& sink) {
  for (const TaskGroup& group : task_groups(report)) {
    const model::SubjectId subject = sink.registry().intern(model::SubjectKey{model::SubjectKind::kGroup, group.comm});
    // Before 6.8 the table has one resident figure; where memory is short, files have been dropped from it.
    sink.put(subject, Metric::kGroupRssAnon, group.anonymous.value_or(group.resident));
    if (group.swap) sink.put(subject, Metric::kGroupSwap, *group.swap);
    if (group.page_tables) sink.put(subject, Metric::kGroupPageTables, *group.page_tables);
    sink.put(subject, Metric::kGroupMembers, group.processes);
  }
}

/// What one line of the cgroup's statistics is called: v2, v1 with the cgroups below it, v1 alone.
struct CgroupRow {
  Metric metric;
  std::array<std::string_view, 3> names;
};
constexpr auto kCgroupRows = std::to_array<CgroupRow>({
    {Metric::kCgroupAnon, {"anon", "total_rss", "rss"}},
    {Metric::kCgroupFile, {"file", "total_cache", "cache"}},
    {Metric::kCgroupShmem, {"shmem", "total_shmem", "shmem"}},
    {Metric::kCgroupInactiveFile, {"inactive_file", "total_inactive_file", "inactive_file"}},
    {Metric::kCgroupActiveFile, {"active_file", "total_active_file", "active_file"}},
    {Metric::kCgroupKernel, {"kernel", "", ""}},
    {Metric::kCgroupKernelStack, {"kernel_stack", "", ""}},
    {Metric::kCgroupPageTables, {"pagetables", "", ""}},
    {Metric::kCgroupSecPageTables, {"sec_pagetables", "", ""}},
    {Metric::kCgroupSock, {"sock", "", ""}},
    {Metric::kCgroupPercpu, {"percpu", "", ""}},
    {Metric::kCgroupVmalloc, {"vmalloc", "", ""}},
    {Metric::kCgroupSlabReclaimable, {"slab_reclaimable", "", ""}},
    {Metric::kCgroupSlabUnreclaimable, {"slab_unreclaimable", "", ""}},
    {Metric::kCgroupZswap, {"zswap", "", ""}},
    {Metric::kCgroupUnevictable, {"unevictable", "total_unevictable", "unevictable"}},
});

bool is_v2(const OomReport& report) { return !report.cgroups.empty() && report.cgroups.front().get("anon"); }

/// Up to 5.2 each cgroup below the limit has statistics of its own: they are added up. Later ones are sums already.
std::optional<std::int64_t> cgroup_figure(const OomReport& report, const CgroupRow& row) {
  if (is_v2(report)) return report.cgroups.front().get(row.names[0]);
  std::optional<std::int64_t> sum;
  for (const auto& cgroup : report.cgroups) {
    if (!row.names[1].empty()) {
      if (const auto total = cgroup.get(row.names[1])) return total;
    }
    if (row.names[2].empty()) continue;
    if (const auto own = cgroup.get(row.names[2])) sum = plus(sum.value_or(0), *own);
  }
  return sum;
}

std::optional<std::int64_t> cgroup_figure(const OomReport& report, Metric metric) {
  const auto* const row = std::ranges::find(kCgroupRows, metric, &CgroupRow::metric);
  const auto value = row == kCgroupRows.end() ? std::nullopt : cgroup_figure(report, *row);
  if (!value) return std::nullopt;
  return sane(*value);
}

void put_cgroup(const OomReport& report, model::SampleSink& sink) {
  if (report.oom_cgroup.empty()) return;
  const model::SubjectId subject =
      sink.registry().intern(model::SubjectKey{model::SubjectKind::kCgroup, report.oom_cgroup});
  if (report.memory) {
    sink.put(subject, Metric::kCgroupCurrent, sane(report.memory->usage.count()));
    sink.put(subject, Metric::kCgroupMax, sane(report.memory->limit.count()));
  }
  for (const CgroupRow& row : kCgroupRows) {
    if (const auto value = cgroup_figure(report, row)) sink.put(subject, row.metric, sane(*value));
  }
}

/// Where a row of the machine's ledger stands in the report, in the words of the report.
struct RowSource {
  std::string_view id;
  std::string_view words;
};
constexpr auto kRowSources = std::to_array<RowSource>({
    {"user.anonymous", "LRU lists without pagecache pages"},
    {"user.shared", "shmem"},
    {"user.hugetlb", "hugepages_total"},
    {"cache.files", "total pagecache pages without shmem and swap cache"},
    {"cache.swap", "pages in swap cache"},
    {"cache.slab_reclaimable", "slab_reclaimable"},
    {"kernel.slab_unreclaimable", "slab_unreclaimable"},
    {"kernel.stacks", "kernel_stack"},
    {"kernel.page_tables", "pagetables"},
    {"kernel.sec_page_tables", "sec_pagetables"},
    {"kernel.bounce", "bounce"},
    {"kernel.writeback_tmp", "writeback_tmp"},
    {"kernel.misc_reclaimable", "kernel_misc_reclaimable"},
    {"kernel.vmalloc", "vmalloc"},
    {"kernel.zspages", "zspages"},
    {"kernel.balloon", "Balloon"},
    {"kernel.gpu", "gpu_active, gpu_reclaim"},
    {"free.buddy", "free"},
    {"free.pcp", "free_pcp"},
    {"hardware.corrupted", "pages hwpoisoned"},
});

model::Ledger machine_ledger_of(const OomReport& report) {
  auto registry = std::make_shared<model::Registry>();
  model::Observation observation(registry);
  model::Sample sample;
  model::SampleSink sink(*registry, sample);
  put_machine(report, sink);
  put_hugepages(report, sink);
  observation.add(sample);
  model::Ledger ledger = analysis::accounting::machine_ledger(observation);
  for (model::LedgerRow& row : ledger.rows) {
    const auto* const known = std::ranges::find(kRowSources, row.id, &RowSource::id);
    if (known != kRowSources.end()) row.source = std::string("OOM report: ").append(known->words);
  }
  for (model::LedgerRow& row : ledger.outside) row.source = "OOM report: pages reserved";
  ledger.notes.clear();
  if (!ledger.total) ledger.notes.emplace_back("the report does not tell how much memory the machine has");
  const auto listed = summed(report, Counter::kManaged);
  if (ledger.total && listed && *listed < ledger.total->count() - ledger.total->count() / 20) {
    ledger.notes.emplace_back(
        "the report lists only nodes that the request might use: kernel stacks are those of these");
  }
  if (!report.page_size()) ledger.notes.emplace_back("the size of a page is not told; 4 KiB are assumed");
  return ledger;
}

std::optional<model::Ledger> cgroup_ledger_of(const OomReport& report) {
  if (!report.memory && report.cgroups.empty()) return std::nullopt;
  model::Ledger ledger;
  if (report.memory) ledger.total = report.memory->usage;
  const auto put = [&](RowId row, std::optional<std::int64_t> bytes, std::string_view source) {
    if (!bytes) return;
    const auto& text = analysis::accounting::text_of(row);
    ledger.rows.push_back({std::string(text.id), text.klass, Bytes(sane(*bytes)), std::string(text.label),
                           std::string("OOM report: ").append(source)});
  };
  const auto figure = [&](Metric metric) { return cgroup_figure(report, metric); };
  const auto shmem = figure(Metric::kCgroupShmem);
  put(RowId::kUserAnonymous, figure(Metric::kCgroupAnon), is_v2(report) ? "anon" : "rss");
  put(RowId::kUserShared, shmem, "shmem");
  if (const auto file = figure(Metric::kCgroupFile)) {
    put(RowId::kCacheFiles, *file - std::min(shmem.value_or(0), *file), "file without shmem");
  }
  struct KernelRow {
    RowId row;
    Metric metric;
    std::string_view source;
  };
  static constexpr auto kKernelRows =
      std::to_array<KernelRow>({{RowId::kCacheSlab, Metric::kCgroupSlabReclaimable, "slab_reclaimable"},
                                {RowId::kKernelSlab, Metric::kCgroupSlabUnreclaimable, "slab_unreclaimable"},
                                {RowId::kKernelVmalloc, Metric::kCgroupVmalloc, "vmalloc"},
                                {RowId::kKernelStacks, Metric::kCgroupKernelStack, "kernel_stack"},
                                {RowId::kKernelPageTables, Metric::kCgroupPageTables, "pagetables"},
                                {RowId::kKernelSecPageTables, Metric::kCgroupSecPageTables, "sec_pagetables"},
                                {RowId::kKernelPercpu, Metric::kCgroupPercpu, "percpu"},
                                {RowId::kKernelZswapPool, Metric::kCgroupZswap, "zswap"}});
  std::int64_t known = 0;
  for (const KernelRow& row : kKernelRows) {
    const auto bytes = figure(row.metric);
    put(row.row, bytes, row.source);
    known = plus(known, bytes.value_or(0));
  }
  put(RowId::kKernelSockets, figure(Metric::kCgroupSock), "sock");
  auto kernel = figure(Metric::kCgroupKernel);
  if (!kernel && report.kernel_memory) kernel = sane(report.kernel_memory->usage.count());
  if (kernel) {
    put(RowId::kKernelOther, std::max<std::int64_t>(*kernel - known, 0),
        report.kernel_memory ? "kmem usage" : "kernel without the rows above");
  }
  if (!ledger.total) ledger.notes.emplace_back("the report does not tell what the cgroup was charged");
  return ledger;
}

}  // namespace

PageSize page_size_of(const OomReport& report) { return report.page_size().value_or(PageSize{4096}); }

std::vector<TaskGroup> task_groups(const OomReport& report) {
  const PageSize page = page_size_of(report);
  std::map<std::string, TaskGroup> by_name;
  const auto add = [](std::optional<std::int64_t>& to, std::optional<std::int64_t> value, std::int64_t unit) {
    if (value) to = plus(to.value_or(0), times(*value, unit));
  };
  for (const Task& task : report.tasks) {
    TaskGroup& group = by_name[task.comm];
    group.comm = task.comm;
    ++group.processes;
    group.resident = plus(group.resident, times(task.rss_pages.value_or(0), page.bytes));
    add(group.anonymous, task.rss_anon_pages, page.bytes);
    add(group.swap, task.swap_pages, page.bytes);
    add(group.page_tables, task.page_table_pages, page.bytes);
    add(group.page_tables, task.page_table_bytes, 1);
  }
  std::vector<TaskGroup> groups;
  groups.reserve(by_name.size());
  for (auto& [name, group] : by_name) groups.push_back(std::move(group));
  std::ranges::stable_sort(groups, std::ranges::greater{}, [](const TaskGroup& group) { return group.held(); });
  return groups;
}

void put_readings(const OomReport& report, model::SampleSink& sink) {
  if (report.constraint == Constraint::kMemcg) {
    put_cgroup(report, sink);
    return;  // its tasks are those of the cgroup: another set than a machine's report has
  }
  put_machine(report, sink);
  put_hugepages(report, sink);
  for (const auto& cache : report.unreclaimable_slab) {
    const model::SubjectId subject =
        sink.registry().intern(model::SubjectKey{model::SubjectKind::kSlabCache, cache.name});
    sink.put(subject, Metric::kSlabBytes, sane(cache.total.count()));
  }
  put_groups(report, sink);
}

std::optional<model::Ledger> ledger_of(const OomReport& report) {
  if (report.constraint == Constraint::kMemcg) return cgroup_ledger_of(report);
  if (report.machine.empty()) return std::nullopt;
  return machine_ledger_of(report);
}

}  // namespace leakscope::session
