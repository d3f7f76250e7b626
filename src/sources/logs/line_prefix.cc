#include "sources/logs/line_prefix.h"

#include <algorithm>

#include "base/calendar.h"
#include "base/text_cursor.h"
#include "sources/logs/calendar.h"

namespace leakscope::sources::logs {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes the next field and the one blank behind it, since a message may begin with blanks.
std::string_view take_field(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view field = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return field;
}

/// "Nov 20 12:00:01", "Nov  5 12:00:01.123456".
std::optional<LogTime> take_syslog_time(std::string_view& rest, int guessed_year) {
  constexpr std::size_t kClockAt = 7;
  if (rest.size() < kClockAt + 8 || rest[3] != ' ' || rest[6] != ' ' || rest[9] != ':' || rest[12] != ':')
    return std::nullopt;
  const auto month = month_from_name(rest.substr(0, 3));
  const auto day = FieldCursor(rest.substr(4, 2)).next_number<int>();
  const std::size_t end = std::min(rest.find(' ', kClockAt), rest.size());
  const auto clock = time_of_day(rest.substr(kClockAt, end - kClockAt));
  if (!month || !day || !clock) return std::nullopt;
  CalendarTime time{.year = {}, .month = *month, .day = *day, .of_day = *clock, .east_of_utc = {}};
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return time.log_time(guessed_year);
}

/// "2026-11-20T12:00:01.123+01:00", "2026-11-20 12:00:01".
std::optional<LogTime> take_iso_time(std::string_view& rest) {
  constexpr std::size_t kClockAt = 11;
  if (rest.size() < kClockAt + 8 || rest[4] != '-' || rest[7] != '-' || (rest[10] != 'T' && rest[10] != ' '))
    return std::nullopt;
  CalendarTime time;
  if (!read_date(rest.substr(0, 10), time)) return std::nullopt;
  std::string_view after = rest.substr(kClockAt);
  std::string_view clock = take_field(after);
  const std::size_t zone = clock.find_first_of("+-Z");
  if (zone != std::string_view::npos) {
    time.east_of_utc = zone_from_text(clock.substr(zone));
    if (!time.east_of_utc) return std::nullopt;
    clock = clock.substr(0, zone);
  }
  while (clock.ends_with(':')) clock.remove_suffix(1);
  const auto of_day = time_of_day(clock);
  if (!of_day) return std::nullopt;
  time.of_day = *of_day;
  rest = after;
  return time.log_time(0);
}

bool is_host(std::string_view field) {
  return !field.empty() && field.size() <= 255 && std::ranges::all_of(field, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '.' || c == '-' || c == '_';
  });
}

/// "prog[812]:" or "prog:"; nothing when it is no such word.
std::optional<std::string_view> program_of(std::string_view field) {
  if (field.size() < 2 || !field.ends_with(':') || is_digit(field.front())) return std::nullopt;
  field.remove_suffix(1);
  if (field.ends_with(']')) {
    const std::size_t bracket = field.find('[');
    if (bracket == std::string_view::npos || bracket == 0) return std::nullopt;
    return field.substr(0, bracket);
  }
  return field.find(':') == std::string_view::npos ? std::optional(field) : std::nullopt;
}

void take_host_and_program(std::string_view rest, LinePrefix& prefix) {
  prefix.message = rest;
  std::string_view after = rest;
  const std::string_view host = take_field(after);
  const auto program = program_of(take_field(after));
  if (!is_host(host) || !program) return;
  prefix.host = host;
  prefix.program = *program;
  prefix.message = after;
}

/// After "1 TIME ": "host prog pid msgid [structured data] message"; "-" stands for what is not known.
void take_rfc5424(std::string_view rest, LinePrefix& prefix) {
  prefix.host = take_field(rest);
  prefix.program = take_field(rest);
  (void)take_field(rest);
  (void)take_field(rest);
  if (prefix.host == "-") prefix.host = {};
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find("] ");
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
  } else {
    (void)take_field(rest);
  }
  if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3);
  prefix.message = rest;
}

}  // namespace

std::optional<LinePrefix> parse_prefix(std::string_view line, int guessed_year) {
  constexpr std::size_t kShortest = 15;
  if (line.size() < kShortest) return std::nullopt;
  std::string_view rest = line;
  bool numbered = false;
  if (rest.front() == '<') {
    const std::size_t end = rest.find('>');
    if (end == std::string_view::npos || end < 2 || end > 4 ||
        !std::ranges::all_of(rest.substr(1, end - 1), is_digit)) {
      return std::nullopt;
    }
    rest.remove_prefix(end + 1);
    numbered = rest.starts_with("1 ");
    if (numbered) rest.remove_prefix(2);
  } else if (rest.front() == '[' && rest.size() > 11 && is_digit(rest[1]) && rest[5] == '-') {
    // "[2026-11-20 12:00:01] message"
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos || end > 40) return std::nullopt;
    std::string_view inside = rest.substr(1, end - 1);
    const auto time = take_iso_time(inside);
    if (!time || !inside.empty()) return std::nullopt;
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (rest.starts_with(' ')) rest.remove_prefix(1);
    return LinePrefix{*time, {}, {}, rest};
  }
  if (rest.empty()) return std::nullopt;
  // A comma before the fraction is how `dmesg --time-format iso` writes, which names no host.
  const bool nameless = rest.size() > 19 && rest[19] == ',';
  const auto time = is_digit(rest.front()) ? take_iso_time(rest) : take_syslog_time(rest, guessed_year);
  if (!time) return std::nullopt;
  LinePrefix prefix{*time, {}, {}, rest};
  if (numbered) {
    take_rfc5424(rest, prefix);
  } else if (!nameless) {
    take_host_and_program(rest, prefix);
  }
  return prefix;
}

}  // namespace leakscope::sources::logs
