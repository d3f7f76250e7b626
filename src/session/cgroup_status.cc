#include <algorithm>

#include <fmt/format.h>

#include "base/printable.h"
#include "base/text_cursor.h"
#include "session/remedies.h"
#include "session/status.h"
#include "sources/cgroupfs/cgroup_source.h"
#include "sources/procfs/host.h"

namespace leakscope::session {
namespace {

using report::Cell;
using report::ColumnKind;
using sources::cgroupfs::CgroupFacts;

constexpr std::string_view kMemoryLimit = "memory limit";

report::Table charges_of(const CgroupFacts& facts) {
  report::Table table{.id = "charges", .title = "charged to it, the cgroups below included"};
  table.columns = {{"metric", "what", ColumnKind::kText},
                   {"bytes", "bytes", ColumnKind::kBytes},
                   {"count", "count", ColumnKind::kCount},
                   {"meaning", "", ColumnKind::kText}};
  for (const auto& value : facts.values) {
    const model::MetricInfo& info = model::info(value.metric);
    const bool is_bytes = info.unit == model::Unit::kBytes;
    table.rows.push_back({std::string(info.name.substr(info.name.find('.') + 1)), is_bytes ? Cell(value.value) : Cell(),
                          is_bytes ? Cell() : Cell(value.value), std::string(info.meaning)});
  }
  return table;
}

report::Table limits_of(const CgroupFacts& facts) {
  report::Table table{.id = "limits", .title = "tightest limits, up the tree"};
  table.columns = {{"limit", "limit", ColumnKind::kText},
                   {"bytes", "bytes", ColumnKind::kBytes},
                   {"count", "count", ColumnKind::kCount},
                   {"set_by", "set by", ColumnKind::kText}};
  if (facts.memory_limit)
    table.rows.push_back({std::string(kMemoryLimit), facts.memory_limit->value, {}, facts.memory_limit->cgroup});
  if (facts.swap_limit)
    table.rows.push_back({std::string(facts.version == 1 ? "memory and swap limit" : "swap limit"),
                          facts.swap_limit->value,
                          {},
                          facts.swap_limit->cgroup});
  if (facts.pids_limit)
    table.rows.push_back({std::string("task limit"), {}, facts.pids_limit->value, facts.pids_limit->cgroup});
  return table;
}

/// "Name:\tnginx\nVmRSS:\t 1234 kB": the two lines a list of processes needs.
report::Table processes_of(const CgroupFacts& facts, const RootedDir& root, std::size_t most) {
  report::Table table{.id = "processes", .title = "processes in it"};
  table.columns = {
      {"pid", "PID", ColumnKind::kText}, {"name", "name", ColumnKind::kText}, {"rss", "resident", ColumnKind::kBytes}};
  struct Row {
    Pid pid;
    std::string name;
    std::int64_t rss = 0;
  };
  std::vector<Row> rows;
  FileBuffer buffer;
  for (const Pid pid : facts.processes) {
    const auto text = root.read(fmt::format("proc/{}/status", pid.value), buffer);
    if (!text) continue;  // it ended since
    Row row{pid, {}, 0};
    LineCursor lines(*text);
    while (const auto line = lines.next()) {
      if (line->starts_with("Name:")) row.name = std::string(trim(line->substr(5)));
      if (line->starts_with("VmRSS:"))
        row.rss = FieldCursor(line->substr(6)).next_number<std::int64_t>().value_or(0) * 1024;
    }
    rows.push_back(std::move(row));
  }
  std::ranges::stable_sort(rows, std::ranges::greater{}, &Row::rss);
  for (const Row& row : rows) {
    if (table.rows.size() == most) break;
    table.rows.push_back({std::int64_t{row.pid.value}, row.name, row.rss});
  }
  table.rows_not_shown = rows.size() - table.rows.size();
  return table;
}

std::string headline_of(const CgroupFacts& facts) {
  const auto current = facts.values.find(model::Metric::kCgroupCurrent);
  if (!current) return fmt::format("What {} is charged for could not be read.", printable(facts.name));
  std::string text = fmt::format("{} is charged {}", printable(facts.name), to_human(Bytes(*current)));
  if (facts.memory_limit) {
    text += fmt::format(" of at most {}{}", to_human(Bytes(facts.memory_limit->value)),
                        facts.memory_limit->cgroup == facts.name
                            ? ""
                            : fmt::format(" (limit of {})", printable(facts.memory_limit->cgroup)));
  } else {
    text += facts.whole ? "; no memory limit applies to it" : "; limits above this container are out of sight";
  }
  if (const auto reclaimable = facts.values.find(model::Metric::kCgroupInactiveFile)) {
    text += fmt::format("; {} of it is inactive page cache that goes first", to_human(Bytes(*reclaimable)));
  }
  return text + ".";
}

}  // namespace

Result<report::Document> cgroup_status(const StatusOptions& options, const std::string& path) {
  auto root = RootedDir::open(options.sources.root);
  if (!root) return std::unexpected(std::move(root.error()));
  auto facts = sources::cgroupfs::read_cgroup(*root, path);
  if (!facts) return std::unexpected(std::move(facts.error()));
  report::Document document;
  document.command = "status";
  sources::procfs::HostReading host = sources::procfs::read_host(*root);
  document.host = std::move(host.host);
  document.coverage = std::move(host.coverage);
  document.headline = headline_of(*facts);
  document.tables = {limits_of(*facts), charges_of(*facts), processes_of(*facts, *root, options.rows)};
  std::erase_if(document.tables, [](const report::Table& table) { return table.rows.empty(); });
  if (facts->trouble) document.coverage.push_back(model::coverage_from_error("cgroups", *facts->trouble));
  correct_remedies(document.coverage, viewer_of(*root));
  return document;
}

}  // namespace leakscope::session
