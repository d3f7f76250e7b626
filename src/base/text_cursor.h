#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

namespace leakscope {

/// Walks over the lines of a text, counting them for error messages. A last line without newline is a line; it is
/// marked, because a file cut in half ends that way.
class LineCursor {
 public:
  explicit LineCursor(std::string_view text) : rest_(text) {}

  /// The next line without its newline; nothing at the end.
  [[nodiscard]] std::optional<std::string_view> next() {
    if (rest_.empty()) return std::nullopt;
    ++number_;
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) {
      unterminated_ = true;
      const std::string_view line = rest_;
      rest_ = {};
      return line;
    }
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return line;
  }

  /// 1-based number of the line that next() gave last.
  [[nodiscard]] std::uint32_t number() const { return number_; }
  /// True when the line that next() gave last had no newline behind it.
  [[nodiscard]] bool unterminated() const { return unterminated_; }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  std::uint32_t number_ = 0;
  bool unterminated_ = false;
};

/// Walks over the fields of one line, separated by spaces and tabs.
class FieldCursor {
 public:
  explicit FieldCursor(std::string_view line) : rest_(line) {}

  /// The next field; nothing at the end of the line.
  [[nodiscard]] std::optional<std::string_view> next() {
    const std::size_t start = rest_.find_first_not_of(" \t");
    if (start == std::string_view::npos) {
      rest_ = {};
      return std::nullopt;
    }
    rest_.remove_prefix(start);
    const std::size_t end = rest_.find_first_of(" \t");
    const std::string_view field = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end);
    return field;
  }

  /// The next field as a number; nothing when it is missing or is not one as a whole.
  template <std::integral T>
  [[nodiscard]] std::optional<T> next_number(int base = 10);

  /// What has not been read yet, leading blanks removed.
  [[nodiscard]] std::string_view rest() const {
    const std::size_t start = rest_.find_first_not_of(" \t");
    return start == std::string_view::npos ? std::string_view{} : rest_.substr(start);
  }

 private:
  std::string_view rest_;
};

/// The whole text as a number; nothing when any character is left over or it does not fit.
template <std::integral T>
[[nodiscard]] std::optional<T> parse_number(std::string_view text, int base = 10) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <std::integral T>
std::optional<T> FieldCursor::next_number(int base) {
  const auto field = next();
  if (!field) return std::nullopt;
  return parse_number<T>(*field, base);
}

/// The text without blanks, tabs, carriage returns and newlines at both ends.
[[nodiscard]] constexpr std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t start = text.find_first_not_of(kBlanks);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kBlanks) - start + 1);
}

}  // namespace leakscope
