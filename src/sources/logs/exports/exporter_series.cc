#include "sources/logs/exports/exporter_series.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::logs {
namespace {

using model::Metric;
using model::SubjectKind;

struct NamedMetric {
  std::string_view name;
  Metric metric{};
};

constexpr auto kOfMachine = std::to_array<NamedMetric>({
    {"node_memory_Active_anon_bytes", Metric::kMeminfoActiveAnon},
    {"node_memory_Inactive_anon_bytes", Metric::kMeminfoInactiveAnon},
    {"node_memory_Active_file_bytes", Metric::kMeminfoActiveFile},
    {"node_memory_Inactive_file_bytes", Metric::kMeminfoInactiveFile},
    {"node_context_switches_total", Metric::kStatContextSwitches},
    {"node_intr_total", Metric::kStatInterrupts},
    {"node_forks_total", Metric::kStatForks},
    {"node_procs_blocked", Metric::kStatBlocked},
    {"node_processes_threads", Metric::kTasksTotal},
    {"node_filefd_allocated", Metric::kFileAllocated},
    {"node_sockstat_sockets_used", Metric::kSockSocketsUsed},
    {"node_sockstat_TCP_mem_bytes", Metric::kSockTcpMem},
    {"node_sockstat_UDP_mem_bytes", Metric::kSockUdpMem},
    {"system_mem_total_bytes", Metric::kMeminfoMemTotal},
    {"system_mem_free_bytes", Metric::kMeminfoMemFree},
    {"system_mem_available_bytes", Metric::kMeminfoMemAvailable},
    {"system_mem_buffers_bytes", Metric::kMeminfoBuffers},
    {"system_mem_cached_bytes", Metric::kMeminfoCached},
    {"system_mem_swap_cached_bytes", Metric::kMeminfoSwapCached},
    {"system_mem_swap_total_bytes", Metric::kMeminfoSwapTotal},
    {"system_mem_swap_free_bytes", Metric::kMeminfoSwapFree},
    {"system_mem_anon_pages_bytes", Metric::kMeminfoAnonPages},
    {"system_mem_shmem_bytes", Metric::kMeminfoShmem},
    {"system_mem_kreclaimable_bytes", Metric::kMeminfoKReclaimable},
    {"system_mem_slab_bytes", Metric::kMeminfoSlab},
    {"system_mem_slab_reclaimable_bytes", Metric::kMeminfoSReclaimable},
    {"system_mem_slab_unreclaimable_bytes", Metric::kMeminfoSUnreclaim},
    {"system_mem_kernel_stack_bytes", Metric::kMeminfoKernelStack},
    {"system_mem_page_tables_bytes", Metric::kMeminfoPageTables},
    {"system_mem_hugetlb_bytes", Metric::kMeminfoHugetlb},
    {"system_mem_vmalloc_used_bytes", Metric::kMeminfoVmallocUsed},
});

constexpr auto kOfSlabCache = std::to_array<NamedMetric>({
    {"node_slabinfo_active_objects", Metric::kSlabActiveObjects},
    {"node_slabinfo_objects", Metric::kSlabTotalObjects},
    {"node_slabinfo_object_size_bytes", Metric::kSlabObjectSize},
});

constexpr auto kOfProcess = std::to_array<NamedMetric>({
    {"process_mem_rss_bytes", Metric::kProcessRss},
    {"process_mem_anon_bytes", Metric::kProcessRssAnon},
    {"process_mem_file_bytes", Metric::kProcessRssFile},
    {"process_mem_shmem_bytes", Metric::kProcessRssShmem},
    {"process_mem_swap_bytes", Metric::kProcessSwap},
    {"process_mem_pte_bytes", Metric::kProcessPageTables},
    {"process_mem_vm_size_bytes", Metric::kProcessVm},
    {"process_cpu_num_threads", Metric::kProcessThreads},
});

constexpr auto kOfCgroup = std::to_array<NamedMetric>({
    {"cgroup_mem_total_bytes", Metric::kCgroupCurrent},
    {"cgroup_mem_anon_bytes", Metric::kCgroupAnon},
    {"cgroup_mem_shmem_bytes", Metric::kCgroupShmem},
    {"cgroup_mem_inactive_file_bytes", Metric::kCgroupInactiveFile},
    {"cgroup_mem_active_file_bytes", Metric::kCgroupActiveFile},
    {"cgroup_mem_slab_reclaimable_bytes", Metric::kCgroupSlabReclaimable},
    {"container_memory_usage_bytes", Metric::kCgroupCurrent},
    {"container_memory_rss", Metric::kCgroupAnon},
    {"container_memory_total_inactive_file_bytes", Metric::kCgroupInactiveFile},
    {"container_memory_total_active_file_bytes", Metric::kCgroupActiveFile},
    {"container_spec_memory_limit_bytes", Metric::kCgroupMax},
});

constexpr auto kOfGroup = std::to_array<NamedMetric>({
    {"process_resident_memory_bytes", Metric::kGroupRss},
    {"process_open_fds", Metric::kGroupFds},
    {"namedprocess_namegroup_open_filedesc", Metric::kGroupFds},
    {"namedprocess_namegroup_num_threads", Metric::kGroupThreads},
    {"namedprocess_namegroup_num_procs", Metric::kGroupMembers},
});

template <std::size_t size>
std::optional<Metric> find(const std::array<NamedMetric, size>& table, std::string_view name) {
  for (const NamedMetric& row : table) {
    if (row.name == name) return row.metric;
  }
  return std::nullopt;
}

/// node_memory_SUnreclaim_bytes and node_vmstat_oom_kill carry the kernel's own names.
std::optional<Metric> kernel_named(std::string_view name) {
  constexpr std::string_view kMemory = "node_memory_";
  constexpr std::string_view kBytes = "_bytes";
  constexpr std::string_view kVmstat = "node_vmstat_";
  if (name.size() > kMemory.size() + kBytes.size() && name.starts_with(kMemory) && name.ends_with(kBytes)) {
    name.remove_prefix(kMemory.size());
    name.remove_suffix(kBytes.size());
    return model::metric_from_name(fmt::format("meminfo.{}", name));
  }
  if (!name.starts_with(kVmstat)) return std::nullopt;
  const auto metric = model::metric_from_name(fmt::format("vmstat.{}", name.substr(kVmstat.size())));
  // Those that the kernel counts in pages are bytes here, and the page size is not told.
  if (!metric || model::info(*metric).unit != model::Unit::kCount) return std::nullopt;
  return metric;
}

/// The group's name: process-exporter's, or the job of a client library.
std::optional<ExporterMeaning> of_group(const ExporterSeries& series) {
  const std::string_view group = series.label("groupname").empty() ? series.label("job") : series.label("groupname");
  if (group.empty()) return std::nullopt;
  const model::SubjectKey subject{SubjectKind::kGroup, std::string(group)};
  if (const auto metric = find(kOfGroup, series.name)) return ExporterMeaning{subject, *metric, {}};
  if (series.name != "namedprocess_namegroup_memory_bytes") return std::nullopt;
  const std::string_view type = series.label("memtype");
  if (type == "resident") return ExporterMeaning{subject, Metric::kGroupRss, {}};
  if (type == "swapped") return ExporterMeaning{subject, Metric::kGroupSwap, {}};
  if (type == "proportionalResident") return ExporterMeaning{subject, Metric::kGroupPss, {}};
  return std::nullopt;
}

std::optional<ExporterMeaning> of_cgroup(const ExporterSeries& series) {
  const auto metric = find(kOfCgroup, series.name);
  if (!metric) return std::nullopt;
  std::string_view path = series.label("cgroup");
  if (path.empty()) path = series.label("id");
  if (path.empty()) return std::nullopt;
  return ExporterMeaning{{SubjectKind::kCgroup, std::string(path)}, *metric, {}};
}

}  // namespace

std::optional<ExporterMeaning> meaning_of(const ExporterSeries& series) {
  if (const auto metric = find(kOfMachine, series.name)) return ExporterMeaning{model::machine(), *metric, {}};
  if (const auto metric = kernel_named(series.name)) return ExporterMeaning{model::machine(), *metric, {}};
  if (const auto metric = find(kOfSlabCache, series.name)) {
    return ExporterMeaning{{SubjectKind::kSlabCache, std::string(series.label("slab"))}, *metric, {}};
  }
  if (const auto metric = find(kOfProcess, series.name)) {
    const auto pid = parse_number<std::int32_t>(series.label("pid"));
    if (!pid || *pid <= 0) return std::nullopt;
    return ExporterMeaning{{SubjectKind::kProcess, std::string(series.label("comm"))}, *metric, pid};
  }
  if (auto cgroup = of_cgroup(series)) return cgroup;
  return of_group(series);
}

std::optional<std::int64_t> parse_exporter_value(std::string_view text) {
  constexpr double kMost = 9.0e18;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (!(value > -kMost && value < kMost)) return std::nullopt;
  return std::llround(value);
}

bool ExporterPoints::is_of_our_machine(const ExporterSeries& series) {
  std::string_view machine;
  for (const std::string_view key : {"instance", "hostname", "node", "host"}) {
    machine = series.label(key);
    if (!machine.empty()) break;
  }
  if (machine.empty()) return true;
  // The client libraries of several jobs on one machine differ in the port alone.
  machine = machine.substr(0, machine.rfind(':'));
  if (!machine_) machine_ = std::string(machine);
  if (*machine_ == machine) return true;
  others_.emplace(machine);
  return false;
}

bool ExporterPoints::add(const ExporterSeries& series, Nanoseconds since_epoch, std::int64_t value) {
  auto meaning = meaning_of(series);
  if (!meaning) return false;
  if (!is_of_our_machine(series)) return true;
  by_time_[since_epoch].push_back({std::move(*meaning), value});
  return true;
}

void put_exporter_value(LogSink& sink, const ExporterMeaning& meaning, std::int64_t value) {
  auto& readings = sink.readings();
  if (meaning.pid) {
    readings.put(sink.process(*meaning.pid, meaning.subject.name, std::nullopt), meaning.metric, value);
  } else {
    readings.put(readings.registry().intern(meaning.subject), meaning.metric, value);
  }
}

void ExporterPoints::put(LogSink& sink) {
  for (const auto& [time, values] : by_time_) {
    sink.next_moment();
    sink.set_time({LogTime::Kind::kWall, time});
    for (const Value& value : values) put_exporter_value(sink, value.meaning, value.value);
  }
  by_time_.clear();
}

void ExporterPoints::tell_others(LogSink& sink, std::string_view format) const {
  if (others_.empty()) return;
  sink.cannot_show({std::string(format), model::Coverage::State::kPartial,
                    fmt::format("series of {} other machines ({}, ...) were left out: only {} was judged",
                                others_.size(), *others_.begin(), machine_.value_or("the first")),
                    "ask for one instance at a time"});
}

}  // namespace leakscope::sources::logs
