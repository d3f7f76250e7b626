#include "sources/logs/calendar.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "base/calendar.h"
#include "base/text_cursor.h"

namespace leakscope::sources::logs {
namespace {

struct Zone {
  std::string_view name;
  int minutes = 0;
};
constexpr auto kZones = std::to_array<Zone>({
    {"UTC", 0},    {"GMT", 0},    {"Z", 0},      {"UT", 0},     {"WET", 0},    {"WEST", 60},
    {"BST", 60},   {"CET", 60},   {"MEZ", 60},   {"CEST", 120}, {"MESZ", 120}, {"EET", 120},
    {"EEST", 180}, {"MSK", 180},  {"EST", -300}, {"EDT", -240}, {"CST", -360}, {"CDT", -300},
    {"MST", -420}, {"MDT", -360}, {"PST", -480}, {"PDT", -420}, {"JST", 540},  {"KST", 540},
    {"HKT", 480},  {"SGT", 480},  {"AEST", 600}, {"AEDT", 660}, {"NZST", 720}, {"NZDT", 780},
});

std::optional<int> digits(std::string_view text, std::size_t least, std::size_t most) {
  if (text.size() < least || text.size() > most) return std::nullopt;
  if (!std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  return parse_number<int>(text);
}

}  // namespace

std::optional<LogTime> CalendarTime::log_time(int guessed_year) const {
  const auto midnight = midnight_of(year.value_or(guessed_year), month, day);
  if (!midnight) return std::nullopt;
  const Nanoseconds local = *midnight + of_day;
  if (!east_of_utc) return LogTime{LogTime::Kind::kLocal, local, !year.has_value()};
  return LogTime{LogTime::Kind::kWall, local - *east_of_utc, !year.has_value()};
}

std::optional<Nanoseconds> zone_from_text(std::string_view word) {
  for (const Zone& zone : kZones) {
    if (zone.name == word) return std::chrono::minutes(zone.minutes);
  }
  if (word.size() < 3 || (word.front() != '+' && word.front() != '-')) return std::nullopt;
  const bool west = word.front() == '-';
  const std::string_view hours = word.substr(1, 2);
  std::string_view minutes = word.substr(3);
  if (minutes.starts_with(':')) minutes.remove_prefix(1);
  const auto h = digits(hours, 2, 2);
  const auto m = minutes.empty() ? std::optional(0) : digits(minutes, 2, 2);
  if (!h || !m || *h > 14 || *m > 59) return std::nullopt;
  const Nanoseconds east = std::chrono::hours(*h) + std::chrono::minutes(*m);
  return west ? -east : east;
}

std::optional<Nanoseconds> time_of_day(std::string_view word) {
  const std::size_t first = word.find(':');
  if (first == std::string_view::npos || word.size() < first + 6 || word[first + 3] != ':') return std::nullopt;
  const auto h = digits(word.substr(0, first), 1, 2);
  const auto m = digits(word.substr(first + 1, 2), 2, 2);
  const auto s = digits(word.substr(first + 4, 2), 2, 2);
  if (!h || !m || !s || *h > 24 || *m > 59 || *s > 60) return std::nullopt;
  Nanoseconds time = std::chrono::hours(*h) + std::chrono::minutes(*m) + std::chrono::seconds(*s);
  std::string_view fraction = word.substr(first + 6);
  if (fraction.empty()) return time;
  if (fraction.front() != '.' && fraction.front() != ',') return std::nullopt;
  fraction.remove_prefix(1);
  if (!digits(fraction, 1, 9)) return std::nullopt;
  std::string padded(fraction);
  padded.resize(9, '0');
  return time + Nanoseconds(*parse_number<std::int64_t>(padded));
}

bool read_date(std::string_view word, CalendarTime& into) {
  if (word.size() != 10) return false;
  const auto set = [&](std::string_view y, std::string_view m, std::string_view d) {
    const auto year = digits(y, 4, 4);
    const auto month = digits(m, 2, 2);
    const auto day = digits(d, 2, 2);
    if (!year || !month || !day || *month < 1 || *month > 12 || *day < 1 || *day > 31) return false;
    into.year = year;
    into.month = *month;
    into.day = *day;
    return true;
  };
  if ((word[4] == '-' && word[7] == '-') || (word[4] == '/' && word[7] == '/')) {
    return set(word.substr(0, 4), word.substr(5, 2), word.substr(8, 2));
  }
  if (word[2] == '.' && word[5] == '.') return set(word.substr(6, 4), word.substr(3, 2), word.substr(0, 2));
  return false;
}

}  // namespace leakscope::sources::logs
