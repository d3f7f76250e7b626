#include "sources/snapshot/folder_time.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/calendar.h"
#include "base/text_cursor.h"
#include "sources/snapshot/layout.h"

namespace leakscope::sources::snapshot {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::int64_t kMostSeconds = std::int64_t{1} << 33U;  // the year 2242
constexpr std::size_t kMostText = 1 << 20;

std::optional<std::string> text_of(const RootedDir& root, std::string_view path) {
  FileBuffer buffer;
  const auto text = root.read(path, buffer, kMostText);
  return text && !text->empty() ? std::optional(std::string(*text)) : std::nullopt;
}

/// "86400.12 345600.50"
std::optional<Nanoseconds> parse_uptime(std::string_view text) {
  const std::string_view field = FieldCursor(trim(text)).next().value_or("");
  const std::size_t dot = field.find('.');
  const auto whole = parse_number<std::int64_t>(field.substr(0, dot));
  if (!whole || *whole < 0 || *whole > kMostSeconds || dot == std::string_view::npos) return std::nullopt;
  const std::string_view digits = field.substr(dot + 1);
  const auto part = parse_number<std::int64_t>(digits);
  if (!part || *part < 0 || digits.empty() || digits.size() > 9) return std::nullopt;
  std::int64_t scale = 1'000'000'000;
  for (std::size_t i = 0; i < digits.size(); ++i) scale /= 10;
  return seconds(*whole) + Nanoseconds(*part * scale);
}

/// "btime 1795178789" of proc/stat
std::optional<WallTime> parse_btime(std::string_view stat) {
  LineCursor lines(stat);
  while (const auto line = lines.next()) {
    if (!line->starts_with("btime ") || lines.unterminated()) continue;
    const auto value = parse_number<std::int64_t>(trim(line->substr(6)));
    if (value && *value > 0 && *value < kMostSeconds) return WallTime{seconds(*value)};
  }
  return std::nullopt;
}

/// "12:33:09", "3:04"
std::optional<Nanoseconds> parse_clock(std::string_view word) {
  const std::size_t first = word.find(':');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = word.find(':', first + 1);
  const auto h = parse_number<std::uint32_t>(word.substr(0, first));
  const auto m = parse_number<std::uint32_t>(word.substr(first + 1, second - first - 1));
  const auto s = second == std::string_view::npos ? std::optional<std::uint32_t>(0)
                                                  : parse_number<std::uint32_t>(word.substr(second + 1));
  if (!h || !m || !s || *h > 24 || *m > 59 || *s > 60) return std::nullopt;
  return hours(*h) + minutes(*m) + seconds(*s);
}

std::optional<PrintedDate> parse_date_line(std::string_view line) {
  std::optional<int> month;
  std::optional<int> day;
  std::optional<int> year;
  std::optional<Nanoseconds> clock;
  PrintedDate date;
  FieldCursor fields(line);
  while (auto word = fields.next()) {
    if (word->ends_with(',')) word->remove_suffix(1);
    const auto number = parse_number<int>(*word);
    if (const auto time = parse_clock(*word)) {
      clock = time;
    } else if (number && *number >= 1970 && *number < 2200) {
      year = number;
    } else if (number && *number >= 1 && *number <= 31) {
      day = number;
    } else if (word->size() == 10 && (*word)[4] == '-' && (*word)[7] == '-') {
      year = parse_number<int>(word->substr(0, 4));
      month = parse_number<int>(word->substr(5, 2));
      day = parse_number<int>(word->substr(8, 2));
    } else if (*word == "UTC" || *word == "GMT" || *word == "Z" || *word == "+0000") {
      date.zone_is_known = true;
    } else if (*word == "PM" && clock && *clock < hours(12)) {
      *clock += hours(12);
    } else if (*word == "AM" && clock && *clock >= hours(12)) {
      *clock -= hours(12);
    } else if (const auto named = month_from_name(*word)) {
      month = named;  // "mar 12 ago": the weekday stands before it
    }
  }
  if (!month || !day || !year || !clock) return std::nullopt;
  const auto midnight = midnight_of(*year, *month, *day);
  if (!midnight) return std::nullopt;
  date.time = WallTime{*midnight + *clock};
  return date;
}

/// The first, but rather one whose zone is known.
std::optional<PrintedDate> printed_date_of(const RootedDir& root) {
  std::optional<PrintedDate> first;
  for (const std::string_view path : {"date", "sos_commands/date/date", "sos_commands/date/date_--utc"}) {
    const auto text = text_of(root, path);
    const auto date = text ? parse_printed_date(*text) : std::nullopt;
    if (date && date->zone_is_known) return date;
    if (!first) first = date;
  }
  return first;
}

std::optional<Nanoseconds> printed_uptime_of(const RootedDir& root) {
  for (const std::string_view path : {"uptime", "sos_commands/host/uptime", "sos_commands/general/uptime"}) {
    const auto text = text_of(root, path);
    if (const auto uptime = text ? parse_printed_uptime(*text) : std::nullopt) return uptime;
  }
  return std::nullopt;
}

/// uptime(1) prints minutes; the date less btime of proc/stat tells the same to the second.
Nanoseconds to_the_second(const RootedDir& root, Nanoseconds printed, const FolderTime& time) {
  constexpr Nanoseconds kApart = minutes(2);
  const auto stat = text_of(root, "proc/stat");
  const auto booted = stat ? parse_btime(*stat) : std::nullopt;
  if (!booted || !time.wall || !time.zone_is_known) return printed;
  const Nanoseconds exact = time.wall->since_epoch - booted->since_epoch;
  return exact >= printed - kApart && exact <= printed + kApart ? exact : printed;
}

}  // namespace

std::optional<PrintedDate> parse_printed_date(std::string_view text) {
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (auto date = parse_date_line(*line)) return date;
  }
  return std::nullopt;
}

std::optional<Nanoseconds> parse_printed_uptime(std::string_view text) {
  const std::size_t at = text.find(" up ");
  if (at == std::string_view::npos) return std::nullopt;
  FieldCursor fields(text.substr(at + 4, text.find('\n', at) - at - 4));
  Nanoseconds sum{0};
  std::optional<std::int64_t> number;
  bool any = false;
  while (auto word = fields.next()) {
    if (word->ends_with(',')) word->remove_suffix(1);
    if (const auto clock = parse_clock(*word)) {
      return any || !number ? std::optional(sum + *clock) : std::nullopt;
    }
    if (*word == "day" || *word == "days" || *word == "min") {
      if (!number) return std::nullopt;
      const bool days = word->starts_with("day");
      sum += days ? Nanoseconds(hours(24 * *number)) : Nanoseconds(minutes(*number));
      any = true;
      number.reset();
      if (!days) return sum;
      continue;
    }
    const auto value = parse_number<std::int64_t>(*word);
    if (!value || *value < 0 || *value > 100'000) break;  // "1 user"
    number = value;
  }
  return any ? std::optional(sum) : std::nullopt;
}

FolderTime time_of(const RootedDir& root, const std::optional<Stamp>& stamp) {
  if (stamp) return {stamp->time.boot.since_boot, stamp->time.wall, true, std::string(kStampFile)};
  FolderTime time;
  const auto uptime = text_of(root, "proc/uptime");
  time.uptime = uptime ? parse_uptime(*uptime) : std::nullopt;
  if (time.uptime) {
    time.from = "proc/uptime";
    const auto stat = text_of(root, "proc/stat");
    if (const auto booted = stat ? parse_btime(*stat) : std::nullopt) {
      time.wall = WallTime{booted->since_epoch + *time.uptime};
      return time;
    }
  }
  if (const auto date = printed_date_of(root)) {
    time.wall = date->time;
    time.zone_is_known = date->zone_is_known;
    if (time.from.empty()) time.from = "date";
  }
  if (!time.uptime) {
    time.uptime = printed_uptime_of(root);
    if (time.uptime && time.from.empty()) time.from = "uptime";
    if (time.uptime) time.uptime = to_the_second(root, *time.uptime, time);
  }
  if (time.uptime || time.wall) return time;
  // What a tool printed was written when it was printed; a copy of a /proc file may carry the time at which the kernel
  // made the file's inode (sosreport copies that).
  std::vector<std::string> witnesses = texts_of_tools(root);
  witnesses.emplace_back("proc/meminfo");
  for (const std::string& path : witnesses) {
    struct stat status{};
    const auto file = root.open_file(path);
    if (!file || ::fstat(file->get(), &status) != 0 || status.st_mtim.tv_sec <= 0) continue;
    time.wall = WallTime{seconds(status.st_mtim.tv_sec) + Nanoseconds(status.st_mtim.tv_nsec)};
    time.from = "when " + path + " was written";
    break;
  }
  return time;
}

}  // namespace leakscope::sources::snapshot
