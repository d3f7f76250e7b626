#include "session/source_set.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "sources/bpf_objects/bpf_objects.h"
#include "sources/cgroupfs/cgroup_source.h"
#include "sources/ebpf/task_iterator.h"
#include "sources/heap/heap_source.h"
#include "sources/held_objects/held_objects.h"
#include "sources/kernel_counters/kernel_counters.h"
#include "sources/kernel_log/boot_memory.h"
#include "sources/kernel_log/kernel_log.h"
#include "sources/page_holders/page_holders.h"
#include "sources/process/process_details.h"
#include "sources/process/process_source.h"
#include "sources/procfs/host.h"
#include "sources/procfs/machine_sources.h"
#include "sources/slab/slab.h"
#include "sources/sysfs/sysfs_sources.h"
#include "sources/tmpfs/tmpfs.h"
#include "sources/vmalloc/vmalloc.h"

namespace leakscope::session {
namespace {

using Opened = Result<std::unique_ptr<sources::Source>>;

/// One source as a row: its name for coverage when it does not open, which is the one it gives itself when it does, and
/// how it is opened.
struct Row {
  std::string_view name;
  Opened (*open)(const RootedDir& root, PageSize page_size);
};

namespace procfs = sources::procfs;
namespace counters = sources::kernel_counters;

constexpr Row kRows[] = {
    {"meminfo", [](const RootedDir& root, PageSize) { return procfs::open_meminfo(root); }},
    {"vmstat", [](const RootedDir& root, PageSize) { return procfs::open_vmstat(root); }},
    {"zoneinfo", [](const RootedDir& root, PageSize) { return procfs::open_zoneinfo(root); }},
    {"buddyinfo", [](const RootedDir& root, PageSize) { return procfs::open_buddyinfo(root); }},
    {"stat", [](const RootedDir& root, PageSize) { return procfs::open_stat(root); }},
    {"pressure", [](const RootedDir& root, PageSize) { return procfs::open_pressure(root); }},
    {"loadavg", [](const RootedDir& root, PageSize) { return procfs::open_loadavg(root); }},
    {"swaps", [](const RootedDir& root, PageSize) { return procfs::open_swaps(root); }},
    {"net_dev", [](const RootedDir& root, PageSize) { return procfs::open_net_dev(root); }},
    {"diskstats", [](const RootedDir& root, PageSize) { return procfs::open_diskstats(root); }},
    {"numa_nodes", [](const RootedDir& root, PageSize) { return sources::sysfs::open_numa_nodes(root); }},
    {"hugepages", [](const RootedDir& root, PageSize) { return sources::sysfs::open_hugepages(root); }},
    {"zram", [](const RootedDir& root, PageSize) { return sources::sysfs::open_zram(root); }},
    {"slabinfo", [](const RootedDir& root, PageSize size) { return sources::slab::open_slab(root, size); }},
    {"vmallocinfo", [](const RootedDir& root, PageSize size) { return sources::vmalloc::open_vmalloc(root, size); }},
    {"sockstat", [](const RootedDir& root, PageSize size) { return counters::open_socket_counters(root, size); }},
    {"kernel_objects", [](const RootedDir& root, PageSize) { return counters::open_object_counters(root); }},
    {"sysvipc", [](const RootedDir& root, PageSize) { return counters::open_sysvipc(root); }},
    {"modules", [](const RootedDir& root, PageSize) { return counters::open_modules(root); }},
    {"tmpfs", [](const RootedDir& root, PageSize) { return sources::tmpfs::open_tmpfs(root); }},
    {"bpf", [](const RootedDir& root, PageSize) { return sources::bpf_objects::open_bpf_objects(root); }},
    {"page_holders",
     [](const RootedDir& root, PageSize size) { return sources::page_holders::open_page_holders(root, size); }},
    {"debugfs_holders",
     [](const RootedDir& root, PageSize) { return sources::page_holders::open_debugfs_holders(root); }},
    {"held_objects", [](const RootedDir& root, PageSize) { return sources::held_objects::open_held_objects(root); }},
    {"cgroups", [](const RootedDir& root, PageSize) { return sources::cgroupfs::open_cgroups(root); }},
    {"boot_log",
     [](const RootedDir& root, PageSize size) { return sources::kernel_log::open_boot_memory(root, size); }},
    {"kernel_log", [](const RootedDir& root, PageSize) { return sources::kernel_log::open_kernel_log(root); }},
};

void add(SourceSet& set, std::string_view name, Opened opened) {
  if (opened) {
    set.opened.push_back(std::move(*opened));
  } else {
    set.not_opened.push_back(model::coverage_from_error(std::string(name), opened.error()));
  }
}

/// The BPF task iterator where it may load; else, and in a tree, held /proc descriptors, which is no loss to speak of.
Opened open_process_source(const RootedDir& root, PageSize page_size, const SourceOptions& options, SourceSet& set) {
  std::unique_ptr<sources::ProcessTable> table;
  if (options.use_bpf && root.is_live()) {
    auto iterator = sources::ebpf::open_task_iterator({.page_size = page_size});
    if (iterator) {
      table = std::move(*iterator);
    } else {
      set.not_opened.push_back(model::coverage_from_error("processes.bpf", iterator.error()));
    }
  }
  return sources::process::open_processes(root, std::move(table));
}

}  // namespace

SourceSet open_sources(const RootedDir& root, PageSize page_size, const SourceOptions& options) {
  SourceSet set;
  for (const Row& row : kRows) add(set, row.name, row.open(root, page_size));
  add(set, "processes", open_process_source(root, page_size, options, set));
  add(set, "process_details", sources::process::open_process_details(root, {.page_size = page_size}));
  if (options.heap_of) add(set, "heap", sources::heap::open_main_heap(root, *options.heap_of, page_size));
  return set;
}

Result<std::unique_ptr<LiveSampler>> open_live(std::shared_ptr<model::Registry> registry, const SourceOptions& options,
                                               const Clock& clock, const StopFlag& stop,
                                               const SamplingOptions& sampling) {
  auto root = RootedDir::open(options.root);
  if (!root) return std::unexpected(std::move(root.error()));
  procfs::HostReading host = procfs::read_host(*root);
  SourceSet set = open_sources(*root, host.host.page_size, options);
  std::ranges::move(host.coverage, std::back_inserter(set.not_opened));
  SamplingOptions own_sampling = sampling;
  own_sampling.viewer = viewer_of(*root);
  return std::make_unique<LiveSampler>(std::move(registry), std::move(host.host), std::move(set.opened),
                                       std::move(set.not_opened), clock, stop, own_sampling);
}

}  // namespace leakscope::session
