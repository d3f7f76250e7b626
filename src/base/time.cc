#include "base/time.h"

#include <charconv>
#include <cmath>
#include <ctime>

#include <fmt/format.h>

namespace leakscope {
namespace {

Nanoseconds read_clock(clockid_t id) {
  timespec ts{};
  ::clock_gettime(id, &ts);
  return std::chrono::seconds(ts.tv_sec) + Nanoseconds(ts.tv_nsec);
}

/// Takes a number of exactly so many digits off the front.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  int value = 0;
  if (text.size() < digits || text.front() < '0' || text.front() > '9') return std::nullopt;
  const std::string_view number = text.substr(0, digits);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc{} || end != number.data() + number.size()) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// ".123456789": what is finer than a nanosecond is cut.
std::optional<Nanoseconds> take_fraction(std::string_view& text) {
  Nanoseconds fraction{0};
  if (!take(text, ".,")) return fraction;
  Nanoseconds place = std::chrono::seconds(1);
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    place /= 10;
    fraction += place * (text.front() - '0');
    text.remove_prefix(1);
  }
  return fraction;
}

std::optional<Nanoseconds> take_time_of_day(std::string_view& text) {
  const auto hours = take_digits(text, 2);
  if (!hours || !take(text, ":")) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  Nanoseconds time = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  if (!take(text, ":")) return time;
  const auto seconds = take_digits(text, 2);
  if (!seconds || *seconds > 60) return std::nullopt;  // 60: a leap second
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  return time + std::chrono::seconds(*seconds) + *fraction;
}

/// "Z", "+01:00"; nothing stands for UTC.
std::optional<Nanoseconds> take_offset(std::string_view& text) {
  if (text.empty() || take(text, "Zz")) return Nanoseconds{0};
  const bool west = text.front() == '-';
  if (!take(text, "+-")) return std::nullopt;
  const auto hours = take_digits(text, 2);
  take(text, ":");
  const auto minutes = take_digits(text, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const Nanoseconds offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return west ? -offset : offset;
}

}  // namespace

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || *year < 1970 || *year > 2261 || !take(text, "-")) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || !take(text, "Tt ")) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  const auto time = take_time_of_day(text);
  const auto offset = time ? take_offset(text) : std::nullopt;
  if (!date.ok() || !offset || !text.empty()) return std::nullopt;
  return WallTime{Nanoseconds(std::chrono::sys_days(date).time_since_epoch()) + *time - *offset};
}

std::optional<Nanoseconds> parse_time_of_day(std::string_view text) {
  const auto time = take_time_of_day(text);
  if (!time || !text.empty()) return std::nullopt;
  return time;
}

std::string to_rfc3339(WallTime time) {
  using std::chrono::duration_cast;
  const auto millis = duration_cast<std::chrono::milliseconds>(time.since_epoch).count();
  std::int64_t seconds = millis / 1000;
  std::int64_t rest = millis % 1000;
  if (rest < 0) {
    rest += 1000;
    --seconds;
  }
  const auto t = static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::gmtime_r(&t, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, rest);
}

std::string to_human(Nanoseconds duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  if (seconds < 0) return "-" + to_human(-duration);
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  if (seconds < 119.5) return fmt::format("{:.0f} s", seconds);
  const auto minutes = static_cast<std::int64_t>(std::llround(seconds / 60));
  if (minutes < 60) return fmt::format("{} min", minutes);
  if (minutes < 48 * 60) {
    return minutes % 60 == 0 ? fmt::format("{} h", minutes / 60)
                             : fmt::format("{} h {} min", minutes / 60, minutes % 60);
  }
  const std::int64_t hours = (minutes + 30) / 60;
  return hours % 24 == 0 ? fmt::format("{} d", hours / 24) : fmt::format("{} d {} h", hours / 24, hours % 24);
}

Moment SystemClock::now() const {
  return Moment{BootTime{read_clock(CLOCK_BOOTTIME)}, WallTime{read_clock(CLOCK_REALTIME)},
                read_clock(CLOCK_MONOTONIC)};
}

Nanoseconds thread_cpu_time() { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace leakscope
