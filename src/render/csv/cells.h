#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "report/document.h"

namespace leakscope::render::csv {

// What the tables are put together from.

using report::Cell;
using report::Table;

inline Cell text(std::string_view text) { return text.empty() ? Cell{} : Cell{std::string(text)}; }
inline Cell seconds(Nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

template <class T>
Cell maybe(const std::optional<T>& value) {
  return value ? Cell{*value} : Cell{};
}

inline Table table_with(std::string id, std::initializer_list<std::string_view> column_ids) {
  Table table;
  table.id = std::move(id);
  for (const std::string_view column : column_ids) {
    table.columns.push_back({std::string(column), std::string(column), report::ColumnKind::kText});
  }
  return table;
}

template <class Range, class Function>
std::string joined(const Range& range, Function function) {
  std::string out;
  for (const auto& element : range) {
    if (!out.empty()) out += "; ";
    out += function(element);
  }
  return out;
}

}  // namespace leakscope::render::csv
