#include <algorithm>
#include <set>

#include "base/text_cursor.h"
#include "sources/logs/exports/exporter_series.h"
#include "sources/logs/exports/exports.h"

namespace leakscope::sources::logs {
namespace {

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':'; }
bool is_name_char(char c) { return is_name_start(c) || (c >= '0' && c <= '9'); }

bool is_comment(std::string_view line) {
  return line.starts_with("# TYPE ") || line.starts_with("# HELP ") || line.starts_with("# UNIT ") || line == "# EOF";
}

/// Reads {a="b",c="d"} off the text: backslash escapes \\, \" and \n.
bool cut_labels(std::string_view& text, ExporterSeries& series) {
  text.remove_prefix(1);
  for (;;) {
    while (!text.empty() && (text.front() == ',' || text.front() == ' ')) text.remove_prefix(1);
    if (text.empty()) return false;
    if (text.front() == '}') {
      text.remove_prefix(1);
      return true;
    }
    const std::size_t equals = text.find("=\"");
    if (equals == std::string_view::npos) return false;
    std::string& value = series.labels[std::string(text.substr(0, equals))];
    text.remove_prefix(equals + 2);
    value.clear();
    while (!text.empty() && text.front() != '"') {
      if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
      value.push_back(text.front());
      text.remove_prefix(1);
    }
    if (text.empty()) return false;
    text.remove_prefix(1);
  }
}

struct Line {
  ExporterSeries series;
  std::optional<std::int64_t> value;  ///< nothing: NaN, infinite
  std::optional<Nanoseconds> time;
};

/// Seconds, or milliseconds from 10^11 on (March 1973); nanoseconds reach to the year 2262.
std::optional<Nanoseconds> time_of(std::string_view text) {
  constexpr std::int64_t kMostSeconds = 9'000'000'000;
  constexpr std::int64_t kFirstMilliseconds = 100'000'000'000;
  const auto whole = parse_exporter_value(text);
  if (!whole || *whole < 0) return std::nullopt;
  if (*whole <= kMostSeconds) return std::chrono::seconds(*whole);
  if (*whole < kFirstMilliseconds || *whole > kMostSeconds * 1000) return std::nullopt;
  return std::chrono::milliseconds(*whole);
}

std::optional<Line> parse_line(std::string_view text) {
  Line line;
  std::size_t end = 0;
  while (end < text.size() && is_name_char(text[end])) ++end;
  if (end == 0 || !is_name_start(text.front())) return std::nullopt;
  line.series.name = text.substr(0, end);
  text.remove_prefix(end);
  if (text.starts_with('{') && !cut_labels(text, line.series)) return std::nullopt;
  FieldCursor fields(text);
  const auto value = fields.next();
  if (!value) return std::nullopt;
  line.value = parse_exporter_value(*value);
  if (!line.value && *value != "NaN" && *value != "+Inf" && *value != "-Inf") return std::nullopt;
  if (const auto time = fields.next()) {
    if (time->front() == '#') return line;  // an exemplar
    line.time = time_of(*time);
    if (!line.time) return std::nullopt;
  }
  return line;
}

class Exposition final : public LogFormat {
 public:
  [[nodiscard]] std::string_view name() const override { return "text metrics"; }
  /// A comment, or a name that can only be an exporter's: with an underscore, followed by labels or a number.
  [[nodiscard]] bool begins(std::string_view line) const override {
    if (is_comment(line)) return true;
    const std::size_t end = line.find_first_of("{ ");
    if (end == std::string_view::npos || line.substr(0, end).find('_') == std::string_view::npos) return false;
    const auto parsed = parse_line(line);
    return parsed && (line[end] == '{' || meaning_of(parsed->series));
  }
  [[nodiscard]] Answer take(std::string_view line, LogSink& sink) override;
  void finish(LogSink& sink) override;

 private:
  void put_untimed(const Line& line, LogSink& sink);

  ExporterPoints points_;
  std::set<std::string> seen_;  ///< series of the moment
  std::uint64_t moment_ = 0;
};

void Exposition::put_untimed(const Line& line, LogSink& sink) {
  const auto meaning = meaning_of(line.series);
  if (!meaning || !points_.is_of_our_machine(line.series)) return;
  std::string key = line.series.name;
  for (const auto& [label, value] : line.series.labels) key.append(1, '\0').append(value);
  if (sink.moment() != moment_) seen_.clear();
  if (!seen_.insert(key).second) {
    sink.next_moment();
    seen_ = {key};
  }
  moment_ = sink.moment();
  put_exporter_value(sink, *meaning, *line.value);
}

LogFormat::Answer Exposition::take(std::string_view line, LogSink& sink) {
  if (is_comment(line) || trim(line).empty()) return Answer::kTaken;
  const auto parsed = parse_line(line);
  if (!parsed)
    return is_name_start(line.front()) && line.find('{') != line.npos ? Answer::kUnreadable : Answer::kNotMine;
  if (parsed->value && parsed->time) {
    (void)points_.add(parsed->series, *parsed->time, *parsed->value);
  } else if (parsed->value) {
    put_untimed(*parsed, sink);
  }
  return Answer::kTaken;
}

void Exposition::finish(LogSink& sink) {
  points_.put(sink);
  points_.tell_others(sink, name());
}

}  // namespace

std::unique_ptr<LogFormat> exposition_format() { return std::make_unique<Exposition>(); }

}  // namespace leakscope::sources::logs
