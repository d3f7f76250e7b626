#include "render/csv/csv.h"

#include <algorithm>
#include <cmath>
#include <variant>

#include <fmt/format.h>

#include "base/printable.h"
#include "render/csv/tables.h"

namespace leakscope::render::csv {
namespace {

using report::Cell;
using report::Table;

constexpr std::string_view kEndOfRecord = "\r\n";

std::string quoted(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos && !text.starts_with(' ') && !text.ends_with(' ')) {
    return std::string(text);
  }
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string field(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) {
    const std::string safe = printable(*text);
    const bool formula = !safe.empty() && std::string_view("=+-@").find(safe.front()) != std::string_view::npos;
    return quoted(formula ? "'" + safe : safe);
  }
  if (const auto* integer = std::get_if<std::int64_t>(&cell)) return fmt::format("{}", *integer);
  if (const auto* number = std::get_if<double>(&cell); number != nullptr && std::isfinite(*number)) {
    return fmt::format("{}", *number);
  }
  return "";
}

/// With `with_id`, each record begins with the id of the table, and the header with the word "table".
void append(std::string& out, const Table& table, bool with_id) {
  if (with_id) out += "table,";
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (i > 0) out += ',';
    out += field(Cell{table.columns[i].id});
  }
  out += kEndOfRecord;
  for (const std::vector<Cell>& row : table.rows) {
    if (with_id) out += field(Cell{table.id}) + ",";
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (i > 0) out += ',';
      if (i < row.size()) out += field(row[i]);
    }
    out += kEndOfRecord;
  }
}

}  // namespace

std::vector<std::string> table_ids(const report::Document& document) {
  const auto tables = as_tables(document);
  std::vector<std::string> ids;
  ids.reserve(tables.size());
  for (const Table& table : tables) ids.push_back(table.id);
  return ids;
}

Result<std::string> to_csv(const report::Document& document, std::string_view table_id) {
  const std::vector<Table> tables = as_tables(document);
  const auto found = std::ranges::find(tables, table_id, &Table::id);
  if (found == tables.end()) {
    return fail(Error::Kind::kUsage, "csv", fmt::format("no table '{}' in this answer", table_id),
                fmt::format("its tables are: {}", fmt::join(table_ids(document), ", ")));
  }
  std::string out;
  append(out, *found, false);
  return out;
}

std::string to_csv(const report::Document& document) {
  std::string out;
  for (const Table& table : as_tables(document)) append(out, table, true);
  return out;
}

}  // namespace leakscope::render::csv
