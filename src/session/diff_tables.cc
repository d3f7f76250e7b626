#include "session/diff_tables.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

namespace leakscope::session {
namespace {

using analysis::difference::Aspect;
using analysis::difference::AspectChanges;
using analysis::difference::Change;
using analysis::difference::Difference;
using analysis::difference::LedgerChange;
using analysis::difference::MachineChange;
using model::SubjectKind;
using model::Unit;
using report::Cell;
using report::Column;
using report::ColumnKind;
using report::Table;

constexpr std::string_view kOthers = "others";

/// Changes that say nothing: a sixty-fourth of what would count, and a fiftieth of a count.
struct Folding {
  std::int64_t at_least;
  bool all;

  [[nodiscard]] bool hides(std::int64_t rise, std::int64_t before, Unit unit) const {
    if (all) return rise == 0;
    const std::int64_t floor =
        unit == Unit::kBytes ? std::max<std::int64_t>(at_least / 64, 4096) : std::max<std::int64_t>(2, before / 50);
    return std::abs(rise) < floor;
  }
};

/// Before, after, change and rate: the same in every table.
void add_amount_columns(std::vector<Column>& columns, Unit unit) {
  const bool bytes = unit == Unit::kBytes;
  const ColumnKind level = bytes ? ColumnKind::kBytes : ColumnKind::kCount;
  columns.push_back({"before", "before", level});
  columns.push_back({"after", "after", level});
  columns.push_back({"change", "change", bytes ? ColumnKind::kBytesChange : ColumnKind::kCountChange});
  columns.push_back({"rate", "rate", bytes ? ColumnKind::kBytesPerSecond : ColumnKind::kCountPerSecond});
}

class Rates {
 public:
  explicit Rates(const Difference& difference) {
    if (difference.elapsed && *difference.elapsed > Nanoseconds{0}) {
      seconds_ = std::chrono::duration<double>(*difference.elapsed).count();
    }
  }
  void add_amounts(std::vector<Cell>& row, Cell before, Cell after, std::int64_t rise) const {
    row.push_back(std::move(before));
    row.push_back(std::move(after));
    row.emplace_back(rise);
    row.push_back(seconds_ ? Cell(static_cast<double>(rise) / *seconds_) : Cell());
  }

 private:
  std::optional<double> seconds_;
};

/// The sum of the rows that are not shown one by one.
struct Rest {
  std::size_t rows = 0;
  std::int64_t before = 0;
  std::int64_t after = 0;

  void add(std::int64_t was, std::int64_t is) {
    ++rows;
    before += was;
    after += is;
  }
  [[nodiscard]] std::string name() const { return fmt::format("{} {}, together", rows, rows == 1 ? "other" : kOthers); }
};

template <class T, class Name>
void sort_by(std::vector<T>& changes, DiffSort sort, Name name) {
  std::ranges::sort(changes, [&](const T& a, const T& b) {
    switch (sort) {
      case DiffSort::kGrowth:
        if (a.rise() != b.rise()) return a.rise() > b.rise();
        break;
      case DiffSort::kShrinkage:
        if (a.rise() != b.rise()) return a.rise() < b.rise();
        break;
      case DiffSort::kSize:
        if (a.after != b.after) return a.after > b.after;
        break;
      case DiffSort::kName:
        break;
    }
    return name(a) < name(b);
  });
}

Cell amount(const std::optional<std::int64_t>& value) { return value ? Cell(*value) : Cell(); }

std::vector<Cell> ledger_row(const LedgerChange& change, const Rates& rates) {
  std::vector<Cell> row{change.id, change.klass ? Cell(std::string(to_string(*change.klass))) : Cell()};
  rates.add_amounts(row, amount(change.before), amount(change.after), change.rise());
  return row;
}

Table ledger_table(const Difference& difference, const Folding& folding, DiffSort sort, const Rates& rates) {
  Table table{.id = "ledger_changes", .title = "the ledger: all rows add up to the total"};
  table.columns = {{"id", "row", ColumnKind::kText}, {"class", "class", ColumnKind::kText}};
  add_amount_columns(table.columns, Unit::kBytes);
  if (difference.ledger.empty()) return table;
  std::vector<LedgerChange> changes = difference.ledger;
  sort_by(changes, sort, [](const LedgerChange& change) { return change.id; });
  Rest rest;
  for (const LedgerChange& change : changes) {
    if (change.klass && folding.hides(change.rise(), 0, Unit::kBytes)) {
      if (change.rise() != 0) rest.add(change.before.value_or(0), change.after.value_or(0));
      continue;
    }
    table.rows.push_back(ledger_row(change, rates));
  }
  if (rest.rows > 0) table.rows.push_back(ledger_row({rest.name(), {}, {}, rest.before, rest.after}, rates));
  if (difference.total) table.rows.push_back(ledger_row(*difference.total, rates));
  return table;
}

class AspectTable {
 public:
  AspectTable(const AspectChanges& changes, const Rates& rates) : changes_(changes), rates_(rates) {}

  [[nodiscard]] Table make(const Folding& folding, const DiffOptions& options) const {
    const Aspect& aspect = *changes_.aspect;
    Table table{.id = std::string(aspect.id), .title = std::string(aspect.title), .columns = columns()};
    std::vector<Change> changes = changes_.changes;
    sort_by(changes, options.sort, [](const Change& change) { return change.subject.key.name; });
    Rest rest;
    for (const Change& change : changes) {
      if (change.rise() == 0) continue;
      const bool cut = !options.all && table.rows.size() >= options.rows;
      if (cut || folding.hides(change.rise(), change.before, aspect.unit())) {
        rest.add(change.before, change.after);
      } else {
        table.rows.push_back(row(change));
      }
    }
    if (!table.rows.empty() && rest.rows > 0) table.rows.push_back(row_of_rest(rest));
    table.rows_not_shown = 0;
    return table;
  }

 private:
  [[nodiscard]] bool of_processes() const { return changes_.aspect->kind == SubjectKind::kProcess; }

  [[nodiscard]] std::vector<Column> columns() const {
    std::vector<Column> columns;
    if (of_processes()) columns.push_back({"pid", "PID", ColumnKind::kIdentifier});
    columns.push_back({"name", "name", ColumnKind::kText});
    add_amount_columns(columns, changes_.aspect->unit());
    for (const analysis::difference::Companion& companion : changes_.aspect->companions) {
      const bool bytes = model::info(companion.metric).unit == Unit::kBytes;
      columns.push_back({std::string(companion.id), std::string(companion.title),
                         bytes ? ColumnKind::kBytesChange : ColumnKind::kCountChange});
    }
    columns.push_back({"state", "", ColumnKind::kText});
    return columns;
  }

  [[nodiscard]] std::vector<Cell> row(const Change& change) const {
    std::vector<Cell> cells;
    const auto& process = change.subject.key.process;
    if (of_processes()) cells.push_back(process ? Cell(std::int64_t{process->pid.value}) : Cell());
    cells.emplace_back(change.subject.key.name);
    rates_.add_amounts(cells, change.before, change.after, change.rise());
    for (const auto& companion : change.companions) cells.push_back(amount(companion));
    cells.emplace_back(std::string(analysis::difference::to_string(change.presence)));
    return cells;
  }

  [[nodiscard]] std::vector<Cell> row_of_rest(const Rest& rest) const {
    std::vector<Cell> cells;
    if (of_processes()) cells.emplace_back();
    cells.emplace_back(rest.name());
    rates_.add_amounts(cells, rest.before, rest.after, rest.after - rest.before);
    cells.resize(cells.size() + changes_.aspect->companions.size());
    cells.emplace_back(std::string(kOthers));
    return cells;
  }

  const AspectChanges& changes_;
  const Rates& rates_;
};

Table machine_table(const Difference& difference, Unit unit, const Folding& folding, const Rates& rates) {
  const bool bytes = unit == Unit::kBytes;
  Table table{.id = bytes ? "machine_bytes" : "machine_counts",
              .title = bytes ? "the machine beside its ledger" : "what can be counted on the machine"};
  table.columns = {{"metric", "what", ColumnKind::kText}};
  add_amount_columns(table.columns, unit);
  for (const MachineChange& change : difference.machine) {
    const model::MetricInfo& metric = model::info(change.figure.metric);
    if (metric.unit != unit || folding.hides(change.rise(), change.before, unit)) continue;
    std::vector<Cell> row{std::string(metric.name)};
    rates.add_amounts(row, change.before, change.after, change.rise());
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

std::vector<Table> tables_of(const Difference& difference, std::int64_t at_least, const DiffOptions& options) {
  const Folding folding{at_least, options.all};
  const Rates rates(difference);
  std::vector<Table> tables{ledger_table(difference, folding, options.sort, rates)};
  for (const AspectChanges& changes : difference.aspects) {
    tables.push_back(AspectTable(changes, rates).make(folding, options));
  }
  tables.push_back(machine_table(difference, Unit::kBytes, folding, rates));
  tables.push_back(machine_table(difference, Unit::kCount, folding, rates));
  std::erase_if(tables, [](const Table& table) { return table.rows.empty(); });
  return tables;
}

}  // namespace leakscope::session
