#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leakscope::sources::logs {

/// The columns of a table that a tool printed, by the words of its header: tools add and reorder columns from version
/// to version and by options, so a column is found by its name and never by its place.
class Columns {
 public:
  Columns() = default;
  explicit Columns(std::string_view header);

  /// Which column has one of the names; nothing when none has.
  [[nodiscard]] std::optional<std::size_t> find(std::initializer_list<std::string_view> names) const;
  [[nodiscard]] std::size_t size() const { return names_.size(); }
  [[nodiscard]] const std::string& name(std::size_t column) const { return names_[column]; }

 private:
  std::vector<std::string> names_;
};

/// One row, cut into as many fields as there are columns; the last takes the rest of the line, blanks included (a
/// command with its words).
class Row {
 public:
  /// False when the row has fewer fields than there are columns.
  [[nodiscard]] bool cut(std::string_view line, std::size_t columns);
  [[nodiscard]] std::string_view operator[](std::size_t column) const { return fields_[column]; }
  [[nodiscard]] std::optional<std::string_view> at(std::optional<std::size_t> column) const;

 private:
  std::vector<std::string_view> fields_;
};

/// The words of a line, compared one by one with those that are wanted: blanks do not matter.
[[nodiscard]] bool words_are(std::string_view line, std::initializer_list<std::string_view> first_words);

/// The first word of a command, without its arguments: nothing else of a command line is kept.
[[nodiscard]] std::string_view program_of(std::string_view command);

}  // namespace leakscope::sources::logs
