#include "sources/procfs/machine_sources.h"

#include <array>
#include <utility>

#include "sources/procfs/buddyinfo.h"
#include "sources/procfs/diskstats.h"
#include "sources/procfs/file_readers.h"
#include "sources/procfs/file_source.h"
#include "sources/procfs/loadavg.h"
#include "sources/procfs/machine_values.h"
#include "sources/procfs/meminfo.h"
#include "sources/procfs/net_dev.h"
#include "sources/procfs/page_size.h"
#include "sources/procfs/stat.h"
#include "sources/procfs/vmstat.h"

namespace leakscope::sources::procfs {
namespace {

using model::Metric;

std::vector<std::string> as_notes(std::string note) {
  if (note.empty()) return {};
  return {std::move(note)};
}

/// Reads machine-wide values alone: `parse` is a Result<>(std::string_view, MachineValues&).
template <class Parse>
FileReader values_reader(Parse parse) {
  return [parse, values = MachineValues{}](std::string_view text, model::SampleSink& sink,
                                           ParseFaults& faults) mutable -> Result<> {
    auto parsed = parse(text, values);
    if (!parsed) return parsed;
    faults = values.faults;
    values.put_into(sink);
    return {};
  };
}

constexpr auto kOrders =
    std::to_array<Metric>({Metric::kBuddyOrder0, Metric::kBuddyOrder1, Metric::kBuddyOrder2, Metric::kBuddyOrder3,
                           Metric::kBuddyOrder4, Metric::kBuddyOrder5, Metric::kBuddyOrder6, Metric::kBuddyOrder7,
                           Metric::kBuddyOrder8, Metric::kBuddyOrder9, Metric::kBuddyOrder10});

void put_buddyinfo(const Buddyinfo& buddyinfo, PageSize page_size, model::SampleSink& sink) {
  for (std::size_t order = 0; order < kOrders.size() && order < buddyinfo.free_blocks.size(); ++order) {
    sink.put(kOrders[order], buddyinfo.free_blocks[order]);
  }
  if (const auto higher = buddyinfo.above(kOrders.size() - 1, page_size)) {
    sink.put(Metric::kBuddyOrderHigher, higher->count());
  }
}

}  // namespace

FileReader meminfo_reader() { return values_reader(parse_meminfo); }
FileReader vmstat_reader(PageSize page_size) {
  return values_reader(
      [page_size](std::string_view text, MachineValues& into) { return parse_vmstat(text, page_size, into); });
}
FileReader stat_reader() { return values_reader(parse_stat); }
FileReader loadavg_reader() { return values_reader(parse_loadavg); }
FileReader net_dev_reader() { return values_reader(parse_net_dev); }
FileReader diskstats_reader() { return values_reader(parse_diskstats); }

FileReader buddyinfo_reader(PageSize page_size) {
  return [page_size, buddyinfo = Buddyinfo{}](std::string_view text, model::SampleSink& sink,
                                              ParseFaults& faults) mutable -> Result<> {
    auto parsed = parse_buddyinfo(text, buddyinfo);
    if (!parsed) return parsed;
    faults = buddyinfo.faults;
    put_buddyinfo(buddyinfo, page_size, sink);
    return {};
  };
}

Result<std::unique_ptr<Source>> open_meminfo(const RootedDir& root) {
  return FileSource::open(root, {.info = {.name = "meminfo", .period = {}}, .path = "proc/meminfo", .remedy = {}},
                          meminfo_reader());
}

Result<std::unique_ptr<Source>> open_vmstat(const RootedDir& root) {
  PageSizeAnswer page = page_size_of(root);
  return FileSource::open(
      root,
      {.info = {.name = "vmstat", .period = {}}, .path = "proc/vmstat", .remedy = {}, .notes = as_notes(page.note)},
      vmstat_reader(page.size));
}

Result<std::unique_ptr<Source>> open_buddyinfo(const RootedDir& root) {
  PageSizeAnswer page = page_size_of(root);
  return FileSource::open(root,
                          {.info = {.name = "buddyinfo", .period = {}},
                           .path = "proc/buddyinfo",
                           .remedy = "run as root",
                           .notes = as_notes(page.note)},
                          buddyinfo_reader(page.size));
}

Result<std::unique_ptr<Source>> open_stat(const RootedDir& root) {
  return FileSource::open(root, {.info = {.name = "stat", .period = {}}, .path = "proc/stat", .remedy = {}},
                          stat_reader());
}

Result<std::unique_ptr<Source>> open_loadavg(const RootedDir& root) {
  return FileSource::open(root, {.info = {.name = "loadavg", .period = {}}, .path = "proc/loadavg", .remedy = {}},
                          loadavg_reader());
}

Result<std::unique_ptr<Source>> open_net_dev(const RootedDir& root) {
  return FileSource::open(root, {.info = {.name = "net_dev", .period = {}}, .path = "proc/net/dev", .remedy = {}},
                          net_dev_reader());
}

Result<std::unique_ptr<Source>> open_diskstats(const RootedDir& root) {
  return FileSource::open(root, {.info = {.name = "diskstats", .period = {}}, .path = "proc/diskstats", .remedy = {}},
                          diskstats_reader());
}

}  // namespace leakscope::sources::procfs
