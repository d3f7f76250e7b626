#include "sources/logs/tables/columns.h"

#include <algorithm>

#include "base/text_cursor.h"

namespace leakscope::sources::logs {

Columns::Columns(std::string_view header) {
  FieldCursor fields(header);
  while (const auto name = fields.next()) names_.emplace_back(*name);
}

std::optional<std::size_t> Columns::find(std::initializer_list<std::string_view> names) const {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (std::ranges::find(names, names_[i]) != names.end()) return i;
  }
  return std::nullopt;
}

bool Row::cut(std::string_view line, std::size_t columns) {
  fields_.clear();
  FieldCursor cursor(line);
  while (fields_.size() + 1 < columns) {
    const auto field = cursor.next();
    if (!field) return false;
    fields_.push_back(*field);
  }
  const std::string_view last = trim(cursor.rest());
  if (last.empty()) return false;
  fields_.push_back(last);
  return true;
}

std::optional<std::string_view> Row::at(std::optional<std::size_t> column) const {
  if (!column || *column >= fields_.size()) return std::nullopt;
  return fields_[*column];
}

bool words_are(std::string_view line, std::initializer_list<std::string_view> first_words) {
  FieldCursor fields(line);
  return std::ranges::all_of(first_words, [&](std::string_view word) { return fields.next() == word; });
}

std::string_view program_of(std::string_view command) {
  // A kernel thread, or a process whose command line cannot be read.
  if (command.starts_with('[')) return command.substr(0, command.find(']') + 1);
  return command.substr(0, command.find(' '));
}

}  // namespace leakscope::sources::logs
