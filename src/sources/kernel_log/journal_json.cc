#include "sources/kernel_log/journal_json.h"

#include <utility>

#include "base/text_cursor.h"

namespace leakscope::sources::kernel_log {
namespace {

constexpr std::string_view kWhere = "journal";

/// Walks over the text of one flat object.
class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : rest_(text) {}

  void skip_blanks() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
  }
  [[nodiscard]] bool take(char wanted) {
    skip_blanks();
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// A string, an array of bytes, a number or a word, as the bytes it stands for.
  [[nodiscard]] std::optional<std::string> value() {
    skip_blanks();
    if (rest_.starts_with('"')) return string();
    if (rest_.starts_with('[')) return bytes();
    const std::size_t end = rest_.find_first_of(",} \t]");
    if (end == 0 || end == std::string_view::npos || rest_.front() == '{') return std::nullopt;
    std::string word(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return word;
  }

 private:
  [[nodiscard]] std::optional<std::string> string() {
    std::string out;
    rest_.remove_prefix(1);
    for (;;) {
      const std::size_t plain = rest_.find_first_of("\"\\");
      if (plain == std::string_view::npos) return std::nullopt;
      out.append(rest_.substr(0, plain));
      const char special = rest_[plain];
      rest_.remove_prefix(plain + 1);
      if (special == '"') return out;
      if (!escape(out)) return std::nullopt;
    }
  }

  [[nodiscard]] bool escape(std::string& out) {
    if (rest_.empty()) return false;
    const char code = rest_.front();
    rest_.remove_prefix(1);
    switch (code) {
      case 'n':
        out += '\n';
        return true;
      case 't':
        out += '\t';
        return true;
      case 'r':
        out += '\r';
        return true;
      case 'b':
      case 'f':
        out += ' ';
        return true;
      case 'u':
        break;
      default:
        out += code;
        return true;
    }
    const auto point = rest_.size() < 4 ? std::nullopt : parse_number<std::uint16_t>(rest_.substr(0, 4), 16);
    if (!point) return false;
    rest_.remove_prefix(4);
    append_utf8(out, *point);
    return true;
  }

  /// Halves of a surrogate pair are written one by one: names of processes and caches have none.
  static void append_utf8(std::string& out, std::uint32_t point) {
    const auto byte = [&out](std::uint32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
    if (point < 0x80) return byte(point);
    if (point < 0x800) {
      byte(0xC0U | (point >> 6U));
    } else {
      byte(0xE0U | (point >> 12U));
      byte(0x80U | ((point >> 6U) & 0x3FU));
    }
    byte(0x80U | (point & 0x3FU));
  }

  /// [27,91,...]; of an array of strings (a field that was given twice) the first.
  [[nodiscard]] std::optional<std::string> bytes() {
    rest_.remove_prefix(1);
    skip_blanks();
    std::optional<std::string> first;
    std::string out;
    while (!rest_.starts_with(']')) {
      if (rest_.starts_with('[')) return std::nullopt;  // an array in an array: no field has that
      auto item = value();
      if (!item) return std::nullopt;
      if (const auto number = parse_number<std::uint8_t>(*item)) {
        out += static_cast<char>(*number);
      } else if (!first) {
        first = std::move(item);
      }
      skip_blanks();
      if (!take(',') && !rest_.starts_with(']')) return std::nullopt;
      if (++depth_ > kMostItems) return std::nullopt;
    }
    rest_.remove_prefix(1);
    return first ? first : std::optional(std::move(out));
  }

  static constexpr std::size_t kMostItems = 100'000;
  std::string_view rest_;
  std::size_t depth_ = 0;
};

std::optional<Nanoseconds> microseconds(std::string_view text) {
  const auto value = parse_number<std::int64_t>(text);
  constexpr std::int64_t kMost = 9'000'000'000'000'000;
  if (!value || *value < 0 || *value > kMost) return std::nullopt;
  return std::chrono::microseconds(*value);
}

void keep(JournalRecord& record, std::string_view name, std::string value, bool& has_message) {
  if (name == "MESSAGE" && !has_message) {
    record.message = value == "null" ? std::string{} : std::move(value);
    has_message = true;
  } else if (name == "_HOSTNAME" && record.host.empty()) {
    record.host = std::move(value);
  } else if (name == "_BOOT_ID" && record.boot_id.empty()) {
    record.boot_id = std::move(value);
  } else if (name == "PRIORITY") {
    record.level = parse_number<std::uint32_t>(value);
  } else if (name == "_TRANSPORT") {
    record.from_kernel = value == "kernel";
  } else if (name == "_SOURCE_MONOTONIC_TIMESTAMP") {
    record.since_boot = microseconds(value);
  } else if (name == "__REALTIME_TIMESTAMP") {
    if (const auto time = microseconds(value)) record.wall = WallTime{*time};
  }
}

}  // namespace

Result<JournalRecord> parse_journal_json(std::string_view line) {
  JsonCursor cursor(line);
  const auto bad = [] {
    return fail(Error::Kind::kMalformed, std::string(kWhere), "want one object with MESSAGE on each line");
  };
  if (!cursor.take('{')) return bad();
  JournalRecord record;
  bool has_message = false;
  while (!cursor.take('}')) {
    const auto name = cursor.value();
    if (!name || !cursor.take(':')) return bad();
    auto value = cursor.value();
    if (!value) return bad();
    keep(record, *name, std::move(*value), has_message);
    (void)cursor.take(',');
  }
  if (!has_message) return bad();
  return record;
}

}  // namespace leakscope::sources::kernel_log
