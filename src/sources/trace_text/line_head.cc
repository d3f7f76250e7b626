#include "sources/trace_text/line_head.h"

#include <limits>

#include "base/text_cursor.h"

namespace leakscope::sources::trace_text {
namespace {

constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::string_view kBlanks = " \t";
// Names of tasks have 15 bytes, and the columns before the time are few: what is longer is none of ours.
constexpr std::size_t kLongestContext = 160;
constexpr std::size_t kCommColumns = 16;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trim_right(std::string_view text) {
  const std::size_t last = text.find_last_not_of(kBlanks);
  return last == std::string_view::npos ? std::string_view{} : text.substr(0, last + 1);
}

std::string_view last_word(std::string_view text) {
  const std::size_t blank = text.find_last_of(kBlanks);
  return blank == std::string_view::npos ? text : text.substr(blank + 1);
}

// Digits only, and few enough to fit.
std::optional<std::uint64_t> parse_digits(std::string_view text) {
  if (text.empty() || text.size() > 19) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

// "13951.187823" (or nanoseconds), or a bare count of another clock.
bool parse_time(std::string_view word, LineHead& head) {
  const std::size_t point = word.find('.');
  const auto whole = parse_digits(word.substr(0, point));
  if (!whole) return false;
  head.has_seconds = point != std::string_view::npos;
  if (!head.has_seconds) {
    head.time = *whole;
    return true;
  }
  const std::string_view fraction_text = word.substr(point + 1);
  auto fraction = parse_digits(fraction_text);
  if (!fraction || fraction_text.size() < 3 || fraction_text.size() > 9) return false;
  for (std::size_t i = fraction_text.size(); i < 9; ++i) *fraction *= 10;
  if (*whole > std::numeric_limits<std::uint64_t>::max() / kNanosecondsPerSecond - 1) return false;
  head.time = *whole * kNanosecondsPerSecond + *fraction;
  return true;
}

// Takes "[001]" from the end.
bool take_cpu(std::string_view& text, LineHead& head) {
  if (text.empty() || text.back() != ']') return false;
  const std::size_t bracket = text.rfind('[');
  if (bracket == std::string_view::npos) return false;
  const auto cpu = parse_digits(text.substr(bracket + 1, text.size() - bracket - 2));
  if (!cpu || *cpu > std::numeric_limits<std::uint16_t>::max()) return false;
  head.cpu = static_cast<std::uint16_t>(*cpu);
  text = trim_right(text.substr(0, bracket));
  return true;
}

// "(  25552)", "(-------)": the thread group.
void drop_thread_group(std::string_view& text) {
  if (text.empty() || text.back() != ')') return;
  const std::size_t bracket = text.rfind('(');
  if (bracket != std::string_view::npos) text = trim_right(text.substr(0, bracket));
}

bool set_tid(std::string_view digits, LineHead& head) {
  const auto tid = parse_digits(digits);
  if (!tid || *tid > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) return false;
  head.tid = Pid{static_cast<std::int32_t>(*tid)};
  return true;
}

// "inst:            mkdir": the name of the task is aligned to the right.
void set_comm(std::string_view text, LineHead& head) {
  head.buffer = {};
  if (text.size() > kCommColumns) {
    const std::string_view before = trim(text.substr(0, text.size() - kCommColumns));
    if (before.ends_with(':')) {
      head.buffer = before.substr(0, before.size() - 1);
      text.remove_prefix(text.size() - kCommColumns);
    }
  }
  head.comm = trim(text);
}

// "bash-25552" of tracefs and trace-cmd; "bash 25266", "bash 25266/25266" of perf.
bool take_task(std::string_view text, LineHead& head) {
  const std::string_view word = last_word(text);
  const std::size_t digits = word.find_last_not_of("0123456789");
  const char before = digits == std::string_view::npos ? ' ' : word[digits];
  if (before != ' ' && before != '-' && before != '/') return false;
  const std::size_t number = digits == std::string_view::npos ? 0 : digits + 1;
  if (before == '-') {
    if (!set_tid(word.substr(number), head)) return false;
    set_comm(text.substr(0, text.size() - (word.size() - digits)), head);
  } else {
    if (before == '/' && !parse_digits(word.substr(0, digits))) return false;
    if (word.size() == text.size() || !set_tid(word.substr(number), head)) return false;
    head.comm = trim(text.substr(0, text.size() - word.size()));
  }
  if (head.comm == "<...>" || head.comm.starts_with(':')) head.comm = {};
  return true;
}

bool parse_context(std::string_view text, LineHead& head) {
  text = trim_right(text);
  bool has_cpu = take_cpu(text, head);
  if (!has_cpu) {
    // The flags of tracefs: ".Ns1.".
    std::string_view before = trim_right(text.substr(0, text.size() - last_word(text).size()));
    has_cpu = take_cpu(before, head);
    if (has_cpu) text = before;
  }
  if (has_cpu) drop_thread_group(text);
  return take_task(text, head) && (has_cpu || head.has_seconds);
}

void take_event(std::string_view rest, LineHead& head) {
  rest = trim(rest);
  if (rest.starts_with('<')) {  // "<stack trace>"
    head.event = rest;
    return;
  }
  const std::size_t end = rest.find_first_of(kBlanks);
  std::string_view word = rest.substr(0, end);
  if (word.ends_with(':')) word.remove_suffix(1);
  head.event = word.substr(word.rfind(':') + 1);
  if (end != std::string_view::npos) head.details = trim(rest.substr(end));
}

}  // namespace

std::optional<LineHead> parse_line_head(std::string_view line) {
  LineHead head;
  for (std::size_t from = 0;;) {
    const std::size_t colon = line.find(':', from);
    if (colon == std::string_view::npos || colon > kLongestContext) return std::nullopt;
    from = colon + 1;
    if (from >= line.size() || kBlanks.find(line[from]) == std::string_view::npos) continue;
    std::string_view word = last_word(line.substr(0, colon));
    word.remove_prefix(word.rfind(']') + 1);  // "[001]209568749313:": a wide figure takes the blank's place
    if (word.size() == colon || !parse_time(word, head)) continue;
    if (!parse_context(line.substr(0, colon - word.size()), head)) continue;
    take_event(line.substr(from), head);
    if (!head.event.empty()) return head;
  }
}

}  // namespace leakscope::sources::trace_text
