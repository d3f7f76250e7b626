#include "session/oom_tables.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "session/oom_story.h"

namespace leakscope::session {
namespace {

using report::Cell;
using report::ColumnKind;
using report::Table;
using sources::oom_report::Constraint;
using sources::oom_report::Counter;
using sources::oom_report::OomReport;
using sources::oom_report::Zone;

constexpr std::size_t kReportsShown = 20;
constexpr std::size_t kGroupsShown = 12;
constexpr std::size_t kCachesShown = 12;

template <class T>
Cell cell_of(const std::optional<T>& value) {
  if (!value) return {};
  return static_cast<std::int64_t>(*value);
}

Cell bytes_cell(const std::optional<Bytes>& bytes) { return bytes ? Cell(bytes->count()) : Cell(); }

Cell share_cell(std::int64_t part, const std::optional<Bytes>& total) {
  if (!total || total->count() <= 0) return {};
  return 100 * static_cast<double>(part) / static_cast<double>(total->count());
}

Table memory_table(const OomReport& report, const model::Ledger& ledger) {
  const bool cgroup = report.constraint == Constraint::kMemcg;
  Table table{
      .id = "oom_memory",
      .title = cgroup ? "where the cgroup's memory was: " + report.oom_cgroup : "where the machine's memory was"};
  table.columns = {{"id", "row", ColumnKind::kText},
                   {"label", "what", ColumnKind::kText},
                   {"bytes", "bytes", ColumnKind::kBytes},
                   {"share", "share", ColumnKind::kPercent}};
  std::vector<const model::LedgerRow*> rows;
  for (const model::LedgerRow& row : ledger.rows) {
    if (row.bytes.count() != 0) rows.push_back(&row);
  }
  std::ranges::stable_sort(rows, std::ranges::greater{}, &model::LedgerRow::bytes);
  for (const model::LedgerRow* const row : rows) {
    table.rows.push_back({row->id, row->label, row->bytes.count(), share_cell(row->bytes.count(), ledger.total)});
  }
  if (const auto rest = ledger.unattributed()) {
    table.rows.push_back({std::string("unattributed"), std::string("in no counter of the report"), rest->count(),
                          share_cell(rest->count(), ledger.total)});
    table.rows.push_back({std::string("total"), std::string(cgroup ? "charged" : "managed by the kernel"),
                          ledger.total->count(), Cell(100.0)});
  }
  return table;
}

Table tasks_table(const OomReport& report, const std::vector<TaskGroup>& groups) {
  Table table{.id = "oom_tasks", .title = "programs by name, as the tasks table has them"};
  table.columns = {{"name", "name", ColumnKind::kText},          {"processes", "processes", ColumnKind::kCount},
                   {"resident", "resident", ColumnKind::kBytes}, {"anonymous", "anonymous", ColumnKind::kBytes},
                   {"swap", "swap", ColumnKind::kBytes},         {"page_tables", "page tables", ColumnKind::kBytes},
                   {"killed", "killed", ColumnKind::kText}};
  for (const TaskGroup& group : groups) {
    if (table.rows.size() == kGroupsShown) break;
    std::string killed;
    for (const auto& victim : report.victims) {
      if (victim.comm == group.comm && killed.size() < 40) {
        killed += fmt::format("{}{}", killed.empty() ? "" : " ", victim.pid.value);
      }
    }
    table.rows.push_back({group.comm, group.processes, group.resident, cell_of(group.anonymous), cell_of(group.swap),
                          cell_of(group.page_tables), killed});
  }
  table.rows_not_shown = groups.size() - table.rows.size();
  return table;
}

Table slab_table(const OomReport& report) {
  Table table{.id = "oom_slab", .title = "unreclaimable slab caches"};
  table.columns = {{"name", "cache", ColumnKind::kText},
                   {"used", "used", ColumnKind::kBytes},
                   {"total", "total", ColumnKind::kBytes}};
  std::vector<const sources::oom_report::SlabCache*> caches;
  caches.reserve(report.unreclaimable_slab.size());
  for (const auto& cache : report.unreclaimable_slab) caches.push_back(&cache);
  std::ranges::stable_sort(caches, std::ranges::greater{}, [](const auto* cache) { return cache->total; });
  for (const auto* const cache : caches) {
    if (table.rows.size() == kCachesShown) break;
    table.rows.push_back({cache->name, cache->used.count(), cache->total.count()});
  }
  table.rows_not_shown = caches.size() - table.rows.size();
  return table;
}

Table allocations_table(const OomReport& report) {
  Table table{.id = "oom_allocations", .title = "largest call sites in the kernel"};
  table.columns = {{"site", "site", ColumnKind::kText},
                   {"bytes", "bytes", ColumnKind::kBytes},
                   {"calls", "calls", ColumnKind::kCount}};
  for (const auto& site : report.allocations) {
    if (table.rows.size() == kCachesShown) break;
    table.rows.push_back({site.site, site.bytes.count(), site.calls});
  }
  table.rows_not_shown = report.allocations.size() - table.rows.size();
  return table;
}

/// "memcg": the word of the JSON.
std::string_view word_of(Constraint constraint) {
  switch (constraint) {
    case Constraint::kNone:
      return "none";
    case Constraint::kCpuset:
      return "cpuset";
    case Constraint::kMemoryPolicy:
      return "memory_policy";
    case Constraint::kMemcg:
      break;
  }
  return "memcg";
}

/// "0x1100cca": its names are in the headline, and long.
Cell gfp_cell(const sources::oom_report::Trigger& trigger) {
  return trigger.gfp_mask ? Cell(fmt::format("{:#x}", *trigger.gfp_mask)) : Cell();
}

/// Kernels before 5.4 do not write it where they tell the kill, but in the tasks table.
std::optional<std::int32_t> oom_score_adj_of(const OomReport& report, const sources::oom_report::Victim& victim) {
  if (victim.oom_score_adj) return victim.oom_score_adj;
  const auto task = std::ranges::find(report.tasks, victim.pid, &sources::oom_report::Task::pid);
  return task == report.tasks.end() ? std::nullopt : task->oom_score_adj;
}

Cell largest_block(const Zone& zone) {
  for (std::size_t order = zone.free_blocks.size(); order-- > 0;) {
    if (zone.free_blocks[order] > 0) return (zone.free_block_kib * 1024) << order;
  }
  return {};
}

Table zones_table(const OomReport& report) {
  Table table{.id = "oom_zones", .title = "zones"};
  table.columns = {{"zone", "zone", ColumnKind::kText},  {"managed", "managed", ColumnKind::kBytes},
                   {"free", "free", ColumnKind::kBytes}, {"min", "min", ColumnKind::kBytes},
                   {"low", "low", ColumnKind::kBytes},   {"largest_block", "largest block", ColumnKind::kBytes}};
  const auto kib = [](const Zone& zone, Counter counter) -> Cell {
    const auto value = zone.kib.get(counter);
    const auto bytes = value ? checked_mul(*value, 1024) : std::nullopt;
    return cell_of(bytes);
  };
  for (const Zone& zone : report.zones) {
    table.rows.push_back({fmt::format("{}/{}", zone.node, zone.name), kib(zone, Counter::kManaged),
                          kib(zone, Counter::kFree), kib(zone, Counter::kMin), kib(zone, Counter::kLow),
                          largest_block(zone)});
  }
  return table;
}

}  // namespace

Table reports_table(const std::vector<LoggedReport>& reports) {
  const bool hosts =
      std::ranges::any_of(reports, [&](const LoggedReport& logged) { return logged.host != reports.front().host; });
  const bool files =
      std::ranges::any_of(reports, [&](const LoggedReport& logged) { return logged.file != reports.front().file; });
  Table table{.id = "oom_reports", .title = "OOM reports, the last first"};
  table.columns = {{"time", "time", ColumnKind::kText},
                   {"short", "short of", ColumnKind::kText},
                   {"trigger", "asked by", ColumnKind::kText},
                   {"order", "order", ColumnKind::kIdentifier},
                   {"victim", "killed", ColumnKind::kText},
                   {"pid", "PID", ColumnKind::kIdentifier},
                   {"anonymous", "anonymous", ColumnKind::kBytes},
                   {"line", "line", ColumnKind::kIdentifier},
                   {"constraint", "kind", ColumnKind::kText, false},
                   {"gfp", "gfp", ColumnKind::kText, false},
                   {"score", "score", ColumnKind::kIdentifier},
                   {"oom_score_adj", "adj", ColumnKind::kIdentifier}};
  if (files) table.columns.push_back({"file", "file", ColumnKind::kText});
  if (hosts) table.columns.push_back({"host", "host", ColumnKind::kText});
  for (std::size_t i = reports.size(); i-- > 0;) {
    if (table.rows.size() == kReportsShown) break;
    const LoggedReport& logged = reports[i];
    const OomReport& report = logged.report;
    std::vector<Cell> row{logged.wall || logged.since_boot ? Cell(time_text(logged)) : Cell(), short_of(report),
                          report.trigger.comm.empty() ? Cell() : Cell(report.trigger.comm),
                          cell_of(report.trigger.order)};
    if (report.victims.empty()) {
      row.insert(row.end(), 3, Cell());
    } else {
      const auto& victim = report.victims.front();
      row.emplace_back(victim.comm);
      row.emplace_back(std::int64_t{victim.pid.value});
      row.push_back(bytes_cell(victim.anon_rss));
    }
    row.emplace_back(static_cast<std::int64_t>(report.first_line));
    row.push_back(report.constraint ? Cell(std::string(word_of(*report.constraint))) : Cell());
    row.push_back(gfp_cell(report.trigger));
    if (report.victims.empty()) {
      row.insert(row.end(), 2, Cell());
    } else {
      row.push_back(cell_of(report.victims.front().score));
      row.push_back(cell_of(oom_score_adj_of(report, report.victims.front())));
    }
    if (files) row.emplace_back(logged.file);
    if (hosts) row.emplace_back(logged.host);
    table.rows.push_back(std::move(row));
  }
  table.rows_not_shown = reports.size() - table.rows.size();
  return table;
}

std::vector<Table> report_tables(const OomReport& report, const std::optional<model::Ledger>& ledger,
                                 const std::vector<TaskGroup>& groups) {
  std::vector<Table> tables;
  if (ledger) tables.push_back(memory_table(report, *ledger));
  tables.push_back(tasks_table(report, groups));
  tables.push_back(slab_table(report));
  tables.push_back(allocations_table(report));
  tables.push_back(zones_table(report));
  std::erase_if(tables, [](const Table& table) { return table.rows.empty(); });
  return tables;
}

}  // namespace leakscope::session
