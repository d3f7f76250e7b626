#include "sources/kernel_log/log_time.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/calendar.h"
#include "base/text_cursor.h"

namespace leakscope::sources::kernel_log {
namespace {

using std::chrono::seconds;

std::optional<int> month_of(std::string_view word) {
  if (const auto named = month_from_name(word)) return named;
  const auto number = parse_number<int>(word.substr(0, word.find_first_of(".月")));
  if (number && *number >= 1 && *number <= 12) return number;
  return std::nullopt;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// `count` digits at `at`.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(at, count)) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

struct ClockMatch {
  Nanoseconds time{0};
  std::size_t length = 0;
};

/// "03:54:03" and a fraction behind it.
std::optional<ClockMatch> match_clock(std::string_view text) {
  const auto hour = digits(text, 0, 2);
  const auto minute = digits(text, 3, 2);
  const auto second = digits(text, 6, 2);
  if (!hour || !minute || !second || text[2] != ':' || text[5] != ':') return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  ClockMatch match{std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(*second), 8};
  if (text.size() < 10 || (text[8] != '.' && text[8] != ',') || !is_digit(text[9])) return match;
  std::int64_t unit = 100'000'000;
  for (match.length = 9; match.length < text.size() && is_digit(text[match.length]); ++match.length, unit /= 10) {
    match.time += Nanoseconds((text[match.length] - '0') * unit);
  }
  return match;
}

struct ZoneMatch {
  Nanoseconds offset{0};
  std::size_t length = 0;
};

std::optional<ZoneMatch> match_zone(std::string_view text) {
  if (text.starts_with('Z')) return ZoneMatch{Nanoseconds{0}, 1};
  if (!text.starts_with('+') && !text.starts_with('-')) return std::nullopt;
  const auto hours = digits(text, 1, 2);
  const bool colon = text.size() > 3 && text[3] == ':';
  const auto minutes = digits(text, colon ? 4 : 3, 2);
  if (!hours || !minutes) return std::nullopt;
  const Nanoseconds offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return ZoneMatch{text.front() == '-' ? -offset : offset, colon ? std::size_t{6} : std::size_t{5}};
}

}  // namespace

std::optional<DateMatch> match_iso_date(std::string_view text) {
  if (text.size() < 19 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != ' ')) return std::nullopt;
  const auto year = digits(text, 0, 4);
  const auto month = digits(text, 5, 2);
  const auto day = digits(text, 8, 2);
  const auto clock = match_clock(text.substr(11));
  if (!year || !month || !day || !clock) return std::nullopt;
  const auto date = midnight_of(*year, *month, *day);
  if (!date) return std::nullopt;
  DateMatch match{WallTime{*date + clock->time}, false, true, 11 + clock->length};
  if (const auto zone = match_zone(text.substr(match.length))) {
    match.time.since_epoch -= zone->offset;
    match.zone_known = true;
    match.length += zone->length;
  }
  return match;
}

std::optional<DateMatch> match_syslog_date(std::string_view text, std::optional<WallTime> written) {
  if (!written || text.size() < 15 || text[3] != ' ' || text[6] != ' ') return std::nullopt;
  const auto month = month_of(text.substr(0, 3));
  const auto day = text[4] == ' ' ? digits(text, 5, 1) : digits(text, 4, 2);
  const auto clock = match_clock(text.substr(7));
  if (!month || !day || !clock) return std::nullopt;
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::sys_time<Nanoseconds>(written->since_epoch));
  // Clocks of two machines, and time zones: a day ahead is not last year.
  const Nanoseconds latest = written->since_epoch + std::chrono::hours(24);
  const int newest = static_cast<int>(std::chrono::year_month_day(today).year()) + 1;
  for (int year = newest; year > newest - 6; --year) {  // five years back: a 29th of February must be found too
    const auto date = midnight_of(year, *month, *day);
    if (date && *date + clock->time <= latest) {
      return DateMatch{WallTime{*date + clock->time}, false, false, 7 + clock->length};
    }
  }
  return std::nullopt;
}

std::optional<DateMatch> match_ctime_date(std::string_view text) {
  FieldCursor fields(text);
  std::array<std::string_view, 5> words{};
  for (std::string_view& word : words) {
    const auto field = fields.next();
    if (!field) return std::nullopt;
    word = *field;
  }
  if (!fields.rest().empty()) return std::nullopt;
  const auto clock = match_clock(words[3]);
  const auto year = parse_number<int>(words[4]);
  if (!clock || clock->length != words[3].size() || !year) return std::nullopt;
  auto month = month_of(words[1]);
  auto day = parse_number<int>(words[2].substr(0, words[2].find('.')));
  if (!month || !day) {  // "mar. 12 août 03:54:03 2025"
    month = month_of(words[2]);
    day = parse_number<int>(words[1].substr(0, words[1].find('.')));
  }
  if (!month || !day) return std::nullopt;
  const auto date = midnight_of(*year, *month, *day);
  if (!date) return std::nullopt;
  return DateMatch{WallTime{*date + clock->time}, false, true, text.size()};
}

std::optional<Nanoseconds> parse_seconds(std::string_view text) {
  text = trim(text);
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot == 0 || text.size() - dot < 2 || text.size() - dot > 10) return std::nullopt;
  const auto whole = parse_number<std::uint32_t>(text.substr(0, dot));
  if (!whole || !std::ranges::all_of(text.substr(dot + 1), is_digit)) return std::nullopt;
  Nanoseconds time = seconds(*whole);
  std::int64_t unit = 100'000'000;
  for (const char c : text.substr(dot + 1)) {
    time += Nanoseconds((c - '0') * unit);
    unit /= 10;
  }
  return time;
}

}  // namespace leakscope::sources::kernel_log
