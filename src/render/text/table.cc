#include "render/text/table.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <variant>

#include <fmt/format.h>

#include "render/text/layout.h"
#include "report/quantity.h"

namespace leakscope::render::text {
namespace {

using report::Cell;
using report::Column;
using report::ColumnKind;
using report::Table;

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowestText = 8;
constexpr std::size_t kFewestColumns = 2;
constexpr std::size_t kWidestTitle = 14;  ///< of a column of figures
constexpr std::string_view kUnknown = "-";

std::string integer_text(ColumnKind kind, std::int64_t value) {
  if (kind == ColumnKind::kBytes) return report::to_human(value, model::Unit::kBytes);
  if (kind == ColumnKind::kCount) return report::to_human_count(value);
  if (kind == ColumnKind::kBytesChange) return report::to_human_change(value, model::Unit::kBytes);
  if (kind == ColumnKind::kCountChange) return report::to_human_change(value, model::Unit::kCount);
  return fmt::format("{}", value);
}

/// Durations beyond this are no durations, and do not fit into nanoseconds.
constexpr double kLongestSeconds = 9e9;

std::string real_text(ColumnKind kind, double value) {
  if (!std::isfinite(value)) return std::string(kUnknown);
  switch (kind) {
    case ColumnKind::kBytesPerSecond:
      return value == 0 ? "0" : report::to_human_rate(value, model::Unit::kBytes);
    case ColumnKind::kCountPerSecond:
      return value == 0 ? "0" : report::to_human_rate(value, model::Unit::kCount);
    case ColumnKind::kPercent:
      return report::to_human_share(value / 100);
    case ColumnKind::kSeconds:
      if (std::abs(value) > kLongestSeconds) return fmt::format("{:.3g} s", value);
      return to_human(std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(value)));
    default:
      return fmt::format("{:.2f}", value);
  }
}

std::string cell_text(const Pen& pen, ColumnKind kind, const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return pen.safe(*text);
  if (const auto* integer = std::get_if<std::int64_t>(&cell)) {
    const bool real = kind == ColumnKind::kBytesPerSecond || kind == ColumnKind::kCountPerSecond ||
                      kind == ColumnKind::kPercent || kind == ColumnKind::kSeconds;
    return real ? real_text(kind, static_cast<double>(*integer)) : integer_text(kind, *integer);
  }
  if (const auto* number = std::get_if<double>(&cell)) return real_text(kind, *number);
  return std::string(kUnknown);
}

using Lines = std::vector<std::vector<std::string>>;

/// The header and all rows as text, every row with as many cells as there are columns.
Lines texts_of(const Pen& pen, const Table& table) {
  Lines lines(1);
  for (const Column& column : table.columns) lines.front().push_back(pen.safe(column.title));
  for (const std::vector<Cell>& row : table.rows) {
    std::vector<std::string>& line = lines.emplace_back();
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      line.push_back(i < row.size() ? cell_text(pen, table.columns[i].kind, row[i]) : std::string(kUnknown));
    }
  }
  return lines;
}

std::size_t width_of_line(const std::vector<std::size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), kGap * widths.size());
}

/// Takes from the widest column of text, a column at a time, until the line fits or all are at their narrowest.
void shrink_texts(const Table& table, std::vector<std::size_t>& widths, std::size_t room) {
  for (std::size_t total = width_of_line(widths); total > room; --total) {
    std::size_t* widest = nullptr;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (table.columns[i].kind == ColumnKind::kText && (widest == nullptr || widths[i] > *widest)) widest = &widths[i];
    }
    if (widest == nullptr || *widest <= kNarrowestText) return;
    --*widest;
  }
}

std::vector<std::size_t> wanted_widths(const Table& table, const Lines& lines) {
  std::vector<std::size_t> widths(table.columns.size(), 0);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      const bool title_of_figures = &line == &lines.front() && table.columns[i].kind != ColumnKind::kText;
      const std::size_t wanted = columns(line[i]);
      widths[i] = std::max(widths[i], title_of_figures ? std::min(wanted, kWidestTitle) : wanted);
    }
  }
  return widths;
}

/// The width of each column; of those from the left that fit, where the others are left out.
std::vector<std::size_t> widths_of(const Pen& pen, const Table& table, const Lines& lines) {
  const std::vector<std::size_t> wanted = wanted_widths(table, lines);
  std::vector<std::size_t> widths = wanted;
  shrink_texts(table, widths, pen.table_width());
  while (pen.options().fit_tables && width_of_line(widths) > pen.table_width() && widths.size() > kFewestColumns) {
    widths.assign(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(widths.size() - 1));
    shrink_texts(table, widths, pen.table_width());
  }
  return widths;
}

void write_columns_left_out(Pen& pen, const Table& table, std::size_t shown) {
  std::vector<std::string> names;
  for (std::size_t i = shown; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    names.push_back(pen.safe(column.title.empty() ? column.id : column.title));
  }
  if (!names.empty()) pen.hanging("  ", "no room for: " + pen.joined(names));
}

/// The table without what is for scripts.
Table for_people(const Table& table) {
  Table shown{.id = table.id, .title = table.title, .rows_not_shown = table.rows_not_shown};
  shown.rows.resize(table.rows.size());
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (!table.columns[i].for_people) continue;
    shown.columns.push_back(table.columns[i]);
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
      if (i < table.rows[row].size()) shown.rows[row].push_back(table.rows[row][i]);
    }
  }
  return shown;
}

void write_whole(Pen& pen, const Table& table) {
  pen.blank();
  if (!table.title.empty()) {
    pen.hanging("", cut_middle(pen.safe(table.title), pen.width(), pen.marks().ellipsis), Style::kPlain,
                Style::kStrong);
  }
  const Lines lines = texts_of(pen, table);
  const std::vector<std::size_t> widths = widths_of(pen, table, lines);
  bool header = true;
  for (const auto& line : lines) {
    std::string out;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::string cell = cut_middle(line[i], widths[i], pen.marks().ellipsis);
      const bool left = table.columns[i].kind == ColumnKind::kText;
      out += std::string(kGap, ' ') + (left ? pad_right(cell, widths[i]) : pad_left(cell, widths[i]));
    }
    out = out.substr(0, out.find_last_not_of(' ') + 1);
    pen.line(header ? pen.styled(Style::kFaint, out) : out);
    header = false;
  }
  if (table.rows_not_shown > 0) {
    pen.line(fmt::format("  and {} more", report::to_human_count(static_cast<std::int64_t>(table.rows_not_shown))));
  }
  write_columns_left_out(pen, table, widths.size());
}

}  // namespace

void write_table(Pen& pen, const Table& table) {
  if (std::ranges::all_of(table.columns, &Column::for_people)) return write_whole(pen, table);
  write_whole(pen, for_people(table));
}

}  // namespace leakscope::render::text
