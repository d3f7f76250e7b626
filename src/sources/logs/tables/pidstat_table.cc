#include "base/text_cursor.h"
#include "sources/logs/calendar.h"
#include "sources/logs/tables/process_rows.h"
#include "sources/logs/tables/tool_tables.h"

namespace leakscope::sources::logs {
namespace {

/// "Linux 6.1.0-28-amd64 (host) \t11/20/26 \t_x86_64_\t(2 CPU)"
bool is_banner(std::string_view line) { return line.starts_with("Linux ") && line.find(" CPU)") != line.npos; }

/// "12:44:41      UID       PID  minflt/s ... Command", "# Time UID ...", "1795178684    UID ...", "12:44:41 AM UID
/// ...".
std::optional<std::string_view> header_after_time(std::string_view line) {
  if (line.find("minflt/s") == std::string_view::npos || line.find("PID") == std::string_view::npos)
    return std::nullopt;
  const std::size_t user = line.find("UID");
  return line.substr(user == std::string_view::npos ? line.find("PID") : user);
}

/// The time that begins a row, which is cut off.
std::optional<LogTime> cut_time(std::string_view& line) {
  FieldCursor fields(line);
  const auto first = fields.next();
  if (!first) return std::nullopt;
  std::optional<LogTime> time;
  if (const auto of_day = time_of_day(*first)) {
    constexpr Nanoseconds kHalfDay = std::chrono::hours(12);
    Nanoseconds value = *of_day;
    FieldCursor ahead(fields.rest());
    const auto half = ahead.next();
    if (half == "AM" || half == "PM") {
      value = value % kHalfDay + (half == "PM" ? kHalfDay : Nanoseconds{0});
      fields = ahead;
    }
    time = LogTime{LogTime::Kind::kTimeOfDay, value};
  } else if (const auto epoch = parse_number<std::int64_t>(*first);
             epoch && *epoch > 100'000'000 && *epoch < 9'000'000'000) {
    time = LogTime{LogTime::Kind::kWall, std::chrono::seconds(*epoch)};
  }
  if (time) line = fields.rest();
  return time;
}

class PidstatTable final : public LogFormat {
 public:
  [[nodiscard]] std::string_view name() const override { return "pidstat table"; }
  [[nodiscard]] bool begins(std::string_view line) const override {
    return is_banner(line) || header_after_time(line).has_value();
  }
  [[nodiscard]] Answer take(std::string_view line, LogSink& sink) override;
  void finish(LogSink& /*sink*/) override { last_.reset(); }

 private:
  [[nodiscard]] Answer take_header(std::string_view columns, LogSink& sink);

  ProcessRows rows_;
  std::optional<LogTime> last_;
  bool told_ = false;
};

LogFormat::Answer PidstatTable::take_header(std::string_view columns, LogSink& sink) {
  if (!rows_.set_header(columns)) return Answer::kNotMine;
  if (!told_) {
    told_ = true;
    sink.cannot_show({"pidstat table", model::Coverage::State::kPartial,
                      "pidstat tells resident memory as one figure, of the processes that did something in an interval "
                      "(-p ALL: of all), and of the kernel nothing",
                      "record with: leakscope record -o FILE"});
  }
  return Answer::kTaken;
}

LogFormat::Answer PidstatTable::take(std::string_view line, LogSink& sink) {
  if (is_banner(line) || trim(line).empty() || line.starts_with("Average:")) return Answer::kTaken;
  if (const auto header = header_after_time(line)) return take_header(*header, sink);
  if (!rows_.has_header()) return Answer::kNotMine;
  const auto time = cut_time(line);
  if (!time) return Answer::kNotMine;
  if (last_ != time) {
    sink.next_moment();
    sink.set_time(*time);
    last_ = time;
  }
  return rows_.put(line, sink) ? Answer::kTaken : Answer::kUnreadable;
}

}  // namespace

std::unique_ptr<LogFormat> pidstat_table() { return std::make_unique<PidstatTable>(); }

}  // namespace leakscope::sources::logs
