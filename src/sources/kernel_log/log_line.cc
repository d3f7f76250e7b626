#include "sources/kernel_log/log_line.h"

#include <algorithm>
#include <array>

#include "base/text_cursor.h"
#include "sources/kernel_log/journal_json.h"
#include "sources/kernel_log/kmsg_record.h"
#include "sources/kernel_log/log_time.h"

namespace leakscope::sources::kernel_log {
namespace {

constexpr std::size_t npos = std::string_view::npos;

constexpr std::array<std::string_view, 12> kFacilities{"kern", "user", "mail", "daemon", "auth",     "syslog",
                                                       "lpr",  "news", "uucp", "cron",   "authpriv", "ftp"};
constexpr std::array<std::string_view, 8> kLevels{"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"};

template <std::size_t N>
std::optional<std::uint32_t> index_of(const std::array<std::string_view, N>& words, std::string_view word) {
  const auto* const found = std::ranges::find(words, word);
  if (found == words.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - words.begin());
}

void take_priority(LogLine& out, std::uint32_t priority) {
  out.facility = priority >> 3U;
  out.level = priority & 7U;
}

/// "<6>": what the kernel and syslog put first.
void take_angle_priority(LogLine& out) {
  const std::string_view text = out.message;
  if (!text.starts_with('<')) return;
  const std::size_t end = text.substr(0, 6).find('>');
  if (end == npos) return;
  const auto priority = parse_number<std::uint32_t>(text.substr(1, end - 1));
  if (!priority) return;
  take_priority(out, *priority);
  out.message.remove_prefix(end + 1);
  out.bare = false;
}

/// "kern  :info  : "
void take_decoded_priority(LogLine& out) {
  const std::size_t first = out.message.substr(0, 12).find(':');
  if (first == npos) return;
  const auto facility = index_of(kFacilities, trim(out.message.substr(0, first)));
  if (!facility) return;
  const std::size_t second = out.message.substr(first + 1, 12).find(':');
  if (second == npos) return;
  const auto level = index_of(kLevels, trim(out.message.substr(first + 1, second)));
  if (!level) return;
  out.facility = facility;
  out.level = level;
  out.message.remove_prefix(std::min(first + second + 3, out.message.size()));
  out.bare = false;
}

/// "[T123] ", "[    C0] ": kernel/printk/printk.c print_caller().
void take_caller(LogLine& out) {
  std::string_view text = out.message;
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  if (!text.starts_with('[')) return;
  const std::size_t end = text.find(']');
  if (end == npos || end > 14) return;
  const std::string_view word = trim(text.substr(1, end - 1));
  if (word.size() < 2 || (word[0] != 'T' && word[0] != 'C') || !parse_number<std::uint32_t>(word.substr(1))) return;
  out.caller = word;
  out.message = text.substr(end + 1);
  if (out.message.starts_with(' ')) out.message.remove_prefix(1);
}

/// rsyslog writes control characters as # and three octal digits.
std::string without_octal(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view code = text.substr(i, 4);
    if (code == "#012" || code == "#015" || code == "#011") {
      plain += code == "#012" ? '\n' : ' ';
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace

std::string without_colours(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  while (!text.empty()) {
    const std::size_t escape = text.find('\x1b');
    plain.append(text.substr(0, escape));
    if (escape == npos) break;
    text.remove_prefix(escape + 1);
    if (!text.starts_with('[')) continue;
    const std::size_t end = text.find_first_not_of("[0123456789;?");
    text.remove_prefix(end == npos ? text.size() : end + 1);
  }
  return plain;
}

bool LogLineReader::take_bracket(LogLine& out) const {
  const std::string_view text = out.message;
  if (!text.starts_with('[')) return false;
  const std::size_t end = text.find(']');
  if (end == npos || end > 64) return false;
  std::string_view inside = text.substr(1, end - 1);
  const std::size_t delta = inside.find('<');  // dmesg -d: "[   12.345678 <    0.000012>]"
  if (delta != npos && inside.ends_with('>')) inside = inside.substr(0, delta);
  if (const auto time = parse_seconds(inside)) {
    out.since_boot = time;
  } else if (const auto date = match_ctime_date(trim(inside))) {
    out.wall = date->time;
  } else if (const std::string_view word = trim(inside);
             !(word.starts_with('+') && parse_seconds(word.substr(1))) && inside.find(':') == npos) {
    return false;  // dmesg -e has "[  +0.000012]" and "[Aug12 03:54]"; a row of the tasks table has "[  390]"
  }
  out.message = text.substr(end + 1);
  if (out.message.starts_with(' ')) out.message.remove_prefix(1);
  out.bare = false;
  return true;
}

bool LogLineReader::take_date(LogLine& out) const {
  std::string_view text = out.message;
  // journalctl -o short-full: "Tue 2025-08-12 03:54:03 CEST db-17 kernel: "
  const bool day_first = text.size() > 8 && text[3] == ' ' && text[8] == '-';
  if (day_first) text.remove_prefix(4);
  auto date = match_iso_date(text);
  if (!date && !day_first) date = match_syslog_date(text, written_);
  if (date) {
    out.wall = date->time;
    out.zone_known = date->zone_known;
    out.year_known = date->year_known;
    text.remove_prefix(date->length);
    if (day_first) {
      text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
      if (text.starts_with("UTC ")) out.zone_known = true;
      text.remove_prefix(std::min(text.find(' '), text.size()));
    }
  } else {
    // journalctl -o short-unix: "1754970843.123456 db-17 kernel: "
    const std::size_t blank = text.find(' ');
    if (blank == npos || blank < 12 || blank > 20 || text[blank - 7] != '.') return false;
    const auto time = parse_seconds(text.substr(0, blank));
    if (!time) return false;
    out.wall = WallTime{*time};
    out.zone_known = true;
    text.remove_prefix(blank);
  }
  if (text.starts_with(' ')) text.remove_prefix(1);
  out.message = text;
  out.bare = false;
  return true;
}

bool LogLineReader::take_kmsg(LogLine& out) {
  const std::string_view text = out.message;
  if (text.empty() || text[0] < '0' || text[0] > '9') return false;
  const std::size_t comma = text.find(',');
  if (comma == npos || comma > 6) return false;
  const auto record = parse_kmsg_record(text);
  if (!record) return false;
  out.facility = record->facility;
  out.level = record->level;
  out.since_boot = record->time;
  out.message = record->text;
  out.bare = false;
  const std::size_t caller = text.substr(0, text.find(';')).find(",caller=");
  if (caller != npos) out.caller = text.substr(caller + 8, text.find_first_of(",;", caller + 8) - caller - 8);
  if (out.message.find('\\') != npos) {
    unescaped_ = unescape_kmsg(out.message);
    out.message = unescaped_;
  }
  return true;
}

/// "1 2025-08-12T03:54:03Z db-17 kernel - - - Mem-Info:", the priority being taken.
bool LogLineReader::take_rfc5424(LogLine& out) {
  if (!out.level || !out.message.starts_with("1 ")) return false;
  const auto date = match_iso_date(out.message.substr(2));
  if (!date) return false;
  FieldCursor fields(out.message.substr(2 + date->length));
  const auto host = fields.next();
  const auto program = fields.next();
  const auto process = fields.next();
  const auto id = fields.next();
  if (!host || !program || !process || !id) return false;
  std::string_view rest = fields.rest();
  if (rest.starts_with("- ")) {
    rest.remove_prefix(2);
  } else if (rest.starts_with('[')) {
    rest.remove_prefix(std::min(rest.find("] ") == npos ? rest.size() : rest.find("] ") + 2, rest.size()));
  }
  if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3);
  out.wall = date->time;
  out.zone_known = date->zone_known;
  if (*host != "-") out.host = *host;
  out.from_kernel = *program == "kernel";
  out.message = rest;
  out.bare = false;
  return true;
}

/// "db-17 kernel: ", also "db-17 kernel[1]: ". A line without such a tag (dmesg's ISO form) stays as it is.
void LogLineReader::take_host_and_tag(LogLine& out) {
  const std::size_t blank = out.message.find(' ');
  if (blank == npos || blank == 0 || blank > 255) return;
  const std::string_view host = out.message.substr(0, blank);
  const std::string_view rest = out.message.substr(blank + 1);
  const std::size_t end = rest.find(' ');
  std::string_view tag = rest.substr(0, end);
  if (tag.size() < 2 || !tag.ends_with(':') || host.ends_with(':')) return;
  tag.remove_suffix(1);
  const std::string_view program = tag.substr(0, tag.find('['));
  const bool kernel = program == "kernel";
  // Without syslog's date a second word with a colon is no tag: "Memory cgroup stats for: ..."
  if (!kernel && !out.wall) return;
  out.host = host;
  out.from_kernel = kernel;
  out.message = end == npos ? std::string_view{} : rest.substr(end + 1);
}

void LogLineReader::take_kernel_time(LogLine& out) {
  if (out.since_boot) return;
  const std::string_view before = out.message;
  const std::optional<WallTime> wall = out.wall;
  if (take_bracket(out) && !out.since_boot) {  // only seconds count here
    out.message = before;
    out.wall = wall;
  }
}

void LogLineReader::take_head(LogLine& out) {
  take_angle_priority(out);
  if (take_rfc5424(out)) return take_kernel_time(out);
  if (take_kmsg(out)) return;
  take_decoded_priority(out);
  const bool bracket = take_bracket(out);
  if (bracket) take_caller(out);
  const bool date = !bracket && take_date(out);
  if (!bracket && !date) return;
  if (out.caller.empty()) take_host_and_tag(out);
  if (out.host.empty()) return;
  if (out.from_kernel) take_kernel_time(out);
}

LogLine LogLineReader::read(std::string_view line) {
  while (line.ends_with('\r') || line.ends_with('\n')) line.remove_suffix(1);
  if (line.find('\x1b') != npos) {
    clean_ = without_colours(line);
    line = clean_;
  }
  LogLine out;
  out.bare = true;
  out.message = line;
  if (line.starts_with('{')) {
    if (auto record = parse_journal_json(line)) {
      unescaped_ = std::move(record->message);
      host_ = std::move(record->host);
      boot_id_ = std::move(record->boot_id);
      out = {record->since_boot,
             record->wall,
             record->wall.has_value(),
             true,
             host_,
             {},
             record->level,
             {},
             boot_id_,
             record->from_kernel,
             false,
             unescaped_};
      return out;
    }
  }
  take_head(out);
  if (out.facility && *out.facility != 0) out.from_kernel = false;
  if (out.caller.empty()) take_caller(out);
  if (out.message.find("#012") != npos) {
    unescaped_ = without_octal(out.message);
    out.message = unescaped_;
  }
  return out;
}

}  // namespace leakscope::sources::kernel_log
