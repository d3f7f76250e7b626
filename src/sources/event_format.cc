#include "sources/event_format.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources {
namespace {

// No event of any kernel has a hundred fields: what has more is no description.
constexpr std::size_t kMostFields = 256;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// "unsigned long caller[8]" is the type "unsigned long[8]" and the name "caller"; "__data_loc char[] name" and
/// "const void * ptr" have their name last. False when there is no name.
bool split_declaration(std::string_view declaration, EventField& field) {
  std::string_view before = trim(declaration);
  std::string_view array;
  if (before.ends_with(']')) {
    const std::size_t bracket = before.rfind('[');
    if (bracket == std::string_view::npos) return false;
    array = before.substr(bracket);
    before = trim(before.substr(0, bracket));
  }
  std::size_t start = before.size();
  while (start > 0 && is_name_character(before[start - 1])) --start;
  if (start == before.size()) return false;
  field.name = std::string(before.substr(start));
  field.type = std::string(trim(before.substr(0, start)));
  field.type += array;
  return !field.type.empty();
}

/// The part of "\toffset:8;\tsize:8;" behind "offset:".
template <class T>
std::optional<T> labelled(std::string_view line, std::string_view label) {
  const std::size_t at = line.find(label);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = line.substr(at + label.size());
  rest = rest.substr(0, rest.find(';'));
  return parse_number<T>(trim(rest));
}

std::optional<EventField> parse_field(std::string_view line) {
  const std::size_t end = line.find(';');
  if (end == std::string_view::npos) return std::nullopt;
  EventField field;
  if (!split_declaration(line.substr(0, end), field)) return std::nullopt;
  const std::string_view places = line.substr(end + 1);
  const auto offset = labelled<std::size_t>(places, "offset:");
  const auto size = labelled<std::size_t>(places, "size:");
  if (!offset || !size) return std::nullopt;
  field.offset = *offset;
  field.size = *size;
  field.is_signed = labelled<int>(places, "signed:").value_or(0) != 0;
  return field;
}

}  // namespace

const EventField* EventFormat::field(std::string_view wanted) const {
  const auto found = std::ranges::find(fields, wanted, &EventField::name);
  return found == fields.end() ? nullptr : &*found;
}

Result<EventFormat> parse_event_format(std::string_view text, std::string_view system, std::string_view where) {
  EventFormat format{.system = std::string(system), .name = {}, .id = 0, .fields = {}};
  bool has_id = false;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    const std::string_view words = trim(*line);
    if (words.starts_with("print fmt:")) break;
    if (words.starts_with("name:")) {
      format.name = std::string(trim(words.substr(5)));
    } else if (words.starts_with("ID:")) {
      const auto id = parse_number<std::uint32_t>(trim(words.substr(3)));
      if (!id) return malformed(std::string(where), lines.number(), "want 'ID: <number>'");
      format.id = *id;
      has_id = true;
    } else if (words.starts_with("field:")) {
      auto field = parse_field(words.substr(6));
      if (!field) {
        return malformed(std::string(where), lines.number(), "want 'field:<type> <name>; offset:<n>; size:<n>;'");
      }
      if (format.fields.size() == kMostFields) {
        return malformed(std::string(where), lines.number(), fmt::format("more than {} fields", kMostFields));
      }
      format.fields.push_back(std::move(*field));
    }
  }
  if (format.name.empty() || !has_id) {
    return malformed(std::string(where), 0, "is no description of an event: it has no 'name:' or no 'ID:'");
  }
  return format;
}

}  // namespace leakscope::sources
