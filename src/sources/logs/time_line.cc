#include "sources/logs/time_line.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/calendar.h"
#include "base/text_cursor.h"
#include "sources/logs/calendar.h"

namespace leakscope::sources::logs {
namespace {

constexpr std::string_view kOrnament = " \t=#*-_~[](){}<>|\"'";
constexpr std::size_t kLongest = 120;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_digit); }

std::string_view without_ornament(std::string_view line) {
  const std::size_t start = line.find_first_not_of(kOrnament);
  if (start == std::string_view::npos) return {};
  std::string_view text = line.substr(start, line.find_last_not_of(" \t=#*-_~[](){}<>|\"':") - start + 1);
  // What people write before a time; "zzz" is what OSWatcher writes.
  for (const std::string_view word :
       {"zzz", "date", "Date", "DATE", "time", "Time", "TIME", "timestamp", "Timestamp", "TS"}) {
    if (!text.starts_with(word) || text.size() == word.size()) continue;
    std::string_view rest = text.substr(word.size());
    if (kOrnament.find(rest.front()) == std::string_view::npos && rest.front() != ':') continue;
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t=#*-_~[](){}<>|\"':"), rest.size()));
    return rest;
  }
  return text;
}

/// Seconds, or with 13, 16 and 19 digits fractions of them; from 2001 on, so that other numbers are none.
std::optional<LogTime> epoch(std::string_view text) {
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  if (!all_digits(whole) || (whole.size() != 10 && whole.size() != 13 && whole.size() != 16 && whole.size() != 19)) {
    return std::nullopt;
  }
  std::string digits(whole);
  if (point != std::string_view::npos) {
    const std::string_view fraction = text.substr(point + 1);
    if (whole.size() != 10 || !all_digits(fraction) || fraction.size() > 9) return std::nullopt;
    digits += fraction;
  }
  digits.resize(19, '0');
  const auto value = parse_number<std::int64_t>(digits);
  constexpr std::int64_t kYear2200 = 7'258'118'400'000'000'000;
  if (!value || *value >= kYear2200) return std::nullopt;
  return LogTime{LogTime::Kind::kWall, Nanoseconds(*value)};
}

/// "12345.67 23456.78" (fs/proc/uptime.c).
std::optional<LogTime> uptime_file(std::string_view text) {
  FieldCursor fields(text);
  const auto up = fields.next();
  const auto idle = fields.next();
  if (!up || !idle || fields.next()) return std::nullopt;
  const auto hundredths = [](std::string_view field) -> std::optional<std::int64_t> {
    if (field.size() < 4 || field[field.size() - 3] != '.') return std::nullopt;
    std::string digits(field.substr(0, field.size() - 3));
    digits += field.substr(field.size() - 2);
    constexpr std::size_t kMost = 11;  // thirty years
    return all_digits(digits) && digits.size() <= kMost ? parse_number<std::int64_t>(digits) : std::nullopt;
  };
  const auto ticks = hundredths(*up);
  if (!ticks || !hundredths(*idle)) return std::nullopt;
  return LogTime{LogTime::Kind::kSinceBoot, std::chrono::milliseconds(10) * *ticks};
}

/// Reads words of a date in any order; each must be one, and none may come twice.
class DateWords {
 public:
  bool take(std::string_view word) {
    if (word.ends_with(',')) word.remove_suffix(1);
    if (word.empty()) return true;
    if (const std::size_t t = word.find('T'); t == 10 && read_date(word.substr(0, t), time_)) {
      has_date_ = true;
      return take_clock(word.substr(t + 1));
    }
    if (!has_date_ && read_date(word, time_)) return has_date_ = true;
    if (!has_clock_ && word.find(':') != std::string_view::npos) return take_clock(word);
    if (has_clock_ && (word == "AM" || word == "PM" || word == "am" || word == "pm")) return take_half(word);
    if (all_digits(word) || (word.ends_with('.') && all_digits(word.substr(0, word.size() - 1))))
      return take_number(word);
    if (has_clock_ && !time_.east_of_utc && !odd_zone_) {
      if (const auto zone = zone_from_text(word)) {
        time_.east_of_utc = zone;
        return true;
      }
      // Zones whose offset we do not know still are none of our concern within one log.
      if (word.size() >= 3 && word.size() <= 5 &&
          std::ranges::all_of(word, [](char c) { return c >= 'A' && c <= 'Z'; })) {
        return odd_zone_ = true;
      }
    }
    // "Mar" is March, and Tuesday in French and Spanish: the first of two such words is the day.
    if (const auto month = month_from_name(word); month && time_.month == 0) {
      if (!weekday_ && is_weekday_name(word) && !all_said_before_) all_said_before_ = true;
      time_.month = *month;
      return true;
    }
    if (is_weekday_name(word) && !weekday_) return weekday_ = true;
    if (all_said_before_ && time_.month != 0 && !weekday_) {
      const auto month = month_from_name(word);
      if (!month) return false;
      time_.month = *month;
      return weekday_ = true;
    }
    return false;
  }

  [[nodiscard]] std::optional<LogTime> result(int guessed_year) const {
    if (!has_clock_) return std::nullopt;
    if (has_date_) return time_.log_time(guessed_year);
    if (time_.month == 0 && time_.day == 0 && !weekday_ && !time_.year) {
      return LogTime{LogTime::Kind::kTimeOfDay, time_.of_day};
    }
    if (time_.month == 0 || time_.day == 0) return std::nullopt;
    return time_.log_time(guessed_year);
  }

 private:
  bool take_clock(std::string_view word) {
    // "12:24:40+01:00", "12:24:40Z", "12:24:40-0500"
    const std::size_t zone = word.find_first_of("+-Z");
    const auto clock = time_of_day(word.substr(0, zone));
    if (!clock) return false;
    if (zone != std::string_view::npos) {
      time_.east_of_utc = zone_from_text(word.substr(zone));
      if (!time_.east_of_utc) return false;
    }
    time_.of_day = *clock;
    return has_clock_ = true;
  }

  bool take_half(std::string_view word) {
    const bool after_noon = word.front() == 'P' || word.front() == 'p';
    const bool is_twelve = time_.of_day >= std::chrono::hours(12) && time_.of_day < std::chrono::hours(13);
    if (time_.of_day >= std::chrono::hours(13)) return true;
    if (after_noon && !is_twelve) time_.of_day += std::chrono::hours(12);
    if (!after_noon && is_twelve) time_.of_day -= std::chrono::hours(12);
    return true;
  }

  bool take_number(std::string_view word) {
    if (word.ends_with('.')) word.remove_suffix(1);
    const auto number = parse_number<int>(word);
    if (!number) return false;
    if (word.size() <= 2 && time_.day == 0 && *number >= 1 && *number <= 31) {
      time_.day = *number;
      return true;
    }
    if (word.size() == 4 && !time_.year) {
      time_.year = number;
      return true;
    }
    return false;
  }

  CalendarTime time_;
  bool has_date_ = false;
  bool has_clock_ = false;
  bool odd_zone_ = false;
  bool weekday_ = false;
  bool all_said_before_ = false;  ///< the word taken for the month may have been the weekday
};

/// " 12:32:14 up  3:11,  0 user,  load average: 7.83, 4.09, 2.54"
std::optional<LogTime> uptime_command(std::string_view line) {
  FieldCursor fields(line);
  const auto clock = time_of_day(fields.next().value_or(""));
  if (!clock || fields.next() != "up" || fields.rest().find("load average:") == std::string_view::npos) {
    return std::nullopt;
  }
  return LogTime{LogTime::Kind::kTimeOfDay, *clock};
}

}  // namespace

std::optional<LogTime> parse_time_line(std::string_view line, int guessed_year) {
  if (line.size() > kLongest) return std::nullopt;
  const std::string_view text = without_ornament(line);
  // Every form has a digit and most lines of a log begin with a word that is none of ours.
  if (text.size() < 7 || std::ranges::none_of(text, is_digit)) return std::nullopt;
  if (is_digit(text.front())) {
    if (const auto time = epoch(text)) return time;
    if (const auto time = uptime_file(text)) return time;
    if (const auto time = uptime_command(text)) return time;
  }
  DateWords words;
  FieldCursor fields(text);
  while (const auto word = fields.next()) {
    if (!words.take(*word)) return std::nullopt;
  }
  return words.result(guessed_year);
}

bool is_separator(std::string_view line) { return line.find_first_not_of(" \t=#*-_~+<>|.") == std::string_view::npos; }

std::string_view announced_file(std::string_view line) {
  if (line.size() > 400) return {};
  const std::size_t at = std::min(line.find("/proc/"), line.find("/sys/"));
  if (at == std::string_view::npos) return {};
  std::string_view before = trim(line.substr(0, at));
  while (!before.empty() && kOrnament.find(before.front()) != std::string_view::npos) before.remove_prefix(1);
  if (const std::size_t prompt = before.rfind("# "); prompt != std::string_view::npos) before.remove_prefix(prompt + 2);
  if (const std::size_t prompt = before.rfind("$ "); prompt != std::string_view::npos) before.remove_prefix(prompt + 2);
  before = trim(before);
  constexpr auto kCommands = std::to_array<std::string_view>(
      {"", "cat", "+ cat", "$ cat", "sudo cat", "file", "file:", "File:", "head", "tail"});
  if (std::ranges::find(kCommands, before) == kCommands.end()) return {};
  std::string_view file = line.substr(at);
  const std::size_t end = file.find_first_of(" \t");
  const std::string_view after = end == std::string_view::npos ? std::string_view{} : file.substr(end);
  if (!is_separator(after) && after.find_first_not_of(" \t=#*-_~[](){}<>|\"':") != std::string_view::npos) return {};
  file = file.substr(0, end);
  while (file.ends_with(':')) file.remove_suffix(1);
  if (file.find(':') != std::string_view::npos) return {};
  return file;
}

}  // namespace leakscope::sources::logs
