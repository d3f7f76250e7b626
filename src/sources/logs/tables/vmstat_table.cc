#include "base/bytes.h"
#include "base/text_cursor.h"
#include "sources/logs/calendar.h"
#include "sources/logs/tables/columns.h"
#include "sources/logs/tables/tool_tables.h"

namespace leakscope::sources::logs {
namespace {

using model::Metric;

bool is_banner(std::string_view line) {
  return line.find("procs") != std::string_view::npos && line.find("---memory---") != std::string_view::npos;
}

bool is_header(std::string_view line) {
  return words_are(line, {"r", "b", "swpd", "free"}) && line.find(" cs ") != std::string_view::npos;
}

class VmstatTable final : public LogFormat {
 public:
  [[nodiscard]] std::string_view name() const override { return "vmstat table"; }
  [[nodiscard]] bool begins(std::string_view line) const override { return is_banner(line) || is_header(line); }
  [[nodiscard]] Answer take(std::string_view line, LogSink& sink) override;
  void finish(LogSink& /*sink*/) override { seen_ = false; }

 private:
  void set_header(std::string_view line);
  [[nodiscard]] bool put_row(LogSink& sink);
  [[nodiscard]] bool is_frozen(LogSink& sink);
  [[nodiscard]] std::optional<LogTime> time_of_row() const;
  [[nodiscard]] std::optional<std::int64_t> kib(std::optional<std::size_t> column) const;

  Columns columns_;
  Row row_;
  std::optional<Nanoseconds> east_of_utc_;
  std::size_t numbers_ = 0;  ///< columns before the time
  bool timed_ = false;
  bool seen_ = false;
  std::optional<std::string> figures_;  ///< of memory, while all rows had the same
  std::uint64_t same_rows_ = 0;
  bool moves_ = false;
  bool told_ = false;
};

void VmstatTable::set_header(std::string_view line) {
  columns_ = Columns(line);
  // The header of -t ends in the zone's name, where rows have a date and a time.
  const std::string& last = columns_.name(columns_.size() - 1);
  timed_ = last != "st" && last != "gu" && last != "wa";
  east_of_utc_ = timed_ ? zone_from_text(last) : std::nullopt;
  numbers_ = timed_ ? columns_.size() - 1 : columns_.size();
  seen_ = true;
}

std::optional<LogTime> VmstatTable::time_of_row() const {
  if (!timed_) return std::nullopt;
  FieldCursor fields(row_[numbers_]);
  CalendarTime when;
  const auto date = fields.next();
  const auto time = fields.next();
  if (!date || !time || !read_date(*date, when)) return std::nullopt;
  const auto of_day = time_of_day(*time);
  if (!of_day) return std::nullopt;
  when.of_day = *of_day;
  when.east_of_utc = east_of_utc_;
  return when.log_time(0);
}

std::optional<std::int64_t> VmstatTable::kib(std::optional<std::size_t> column) const {
  const auto text = row_.at(column);
  if (!text) return std::nullopt;
  const auto value = parse_number<std::int64_t>(*text);
  if (!value || *value < 0) return std::nullopt;
  return checked_mul(*value, 1024);
}

/// The vmstat of procps 4.0.2 (Debian 12) prints the memory of its first row in all others. Rows count from the first
/// that differs: before, nobody can tell.
bool VmstatTable::is_frozen(LogSink& sink) {
  constexpr std::uint64_t kEnough = 5;
  if (moves_) return false;
  std::string figures;
  for (const auto name : {"swpd", "free", "buff", "cache", "inact", "active"}) {
    if (const auto text = row_.at(columns_.find({name}))) figures.append(*text).push_back(' ');
  }
  if (!figures_) figures_ = figures;
  moves_ = *figures_ != figures;
  if (!moves_ && ++same_rows_ == kEnough) {
    sink.cannot_show({"vmstat table", model::Coverage::State::kPartial,
                      "the memory columns of vmstat are the same in all rows, to the last KiB: procps 4.0.2 prints "
                      "those of its first row for ever, so they were not judged",
                      "log /proc/meminfo in a loop, or: leakscope record -o FILE"});
  }
  return !moves_;
}

bool VmstatTable::put_row(LogSink& sink) {
  const auto free = kib(columns_.find({"free"}));
  if (!free) return false;
  std::optional<LogTime> time;
  if (timed_) {
    time = time_of_row();
    if (!time) return false;
  }
  if (is_frozen(sink)) return true;
  sink.next_moment();
  if (time) sink.set_time(*time);
  auto& readings = sink.readings();
  readings.put(Metric::kMeminfoMemFree, *free);
  const auto buffers = kib(columns_.find({"buff"}));
  const auto cache = kib(columns_.find({"cache"}));
  if (buffers) readings.put(Metric::kMeminfoBuffers, *buffers);
  if (buffers && cache) {
    const auto reclaimable = checked_add(*buffers, *cache);
    const auto sum = reclaimable ? checked_add(*free, *reclaimable) : std::nullopt;
    if (sum) readings.put(Metric::kFreeAndCache, *sum);
  }
  if (const auto swapped = kib(columns_.find({"swpd"}))) readings.put(Metric::kToolSwapUsed, *swapped);
  return true;
}

LogFormat::Answer VmstatTable::take(std::string_view line, LogSink& sink) {
  if (is_banner(line)) return Answer::kTaken;
  if (is_header(line)) {
    set_header(line);
    return Answer::kTaken;
  }
  if (!seen_) return Answer::kNotMine;
  const auto first = FieldCursor(line).next_number<std::uint64_t>();
  if (!first) return Answer::kNotMine;
  if (!told_) {
    told_ = true;
    sink.cannot_show({"vmstat table", model::Coverage::State::kPartial,
                      "vmstat tells free memory, buffers and cache alone, and no unit (KiB is taken): shared memory "
                      "counts as cache there, and who has the rest does not show",
                      "record with: leakscope record -o FILE"});
  }
  if (!row_.cut(line, numbers_ + (timed_ ? 1 : 0))) return Answer::kUnreadable;
  if (!timed_ && row_[numbers_ - 1].find(' ') != std::string_view::npos) return Answer::kUnreadable;
  return put_row(sink) ? Answer::kTaken : Answer::kUnreadable;
}

}  // namespace

std::unique_ptr<LogFormat> vmstat_table() { return std::make_unique<VmstatTable>(); }

}  // namespace leakscope::sources::logs
