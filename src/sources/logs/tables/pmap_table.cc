#include <algorithm>

#include "base/bytes.h"
#include "base/text_cursor.h"
#include "sources/logs/tables/columns.h"
#include "sources/logs/tables/tool_tables.h"

namespace leakscope::sources::logs {
namespace {

using model::Metric;

/// "17363:   bash /dev/fd/3": the pid, and the command behind three blanks.
struct Banner {
  std::int32_t pid = 0;
  std::string_view command;
};

std::optional<Banner> banner_of(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon > 10) return std::nullopt;
  const auto pid = parse_number<std::int32_t>(line.substr(0, colon));
  if (!pid || *pid <= 0 || !line.substr(colon).starts_with(":   ")) return std::nullopt;
  const std::string_view command = trim(line.substr(colon + 1));
  if (command.empty()) return std::nullopt;
  return Banner{*pid, command};
}

bool is_header(std::string_view line) { return words_are(line, {"Address", "Kbytes", "RSS"}); }

bool is_address(std::string_view word) {
  return word.size() >= 8 && word.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

class PmapTable final : public LogFormat {
 public:
  [[nodiscard]] std::string_view name() const override { return "pmap table"; }
  [[nodiscard]] bool begins(std::string_view line) const override { return banner_of(line).has_value(); }
  [[nodiscard]] Answer take(std::string_view line, LogSink& sink) override;
  void finish(LogSink& sink) override;
  /// pmap takes several pids at once.
  [[nodiscard]] bool several_per_moment() const override { return true; }

 private:
  enum class Stage : std::uint8_t { kNothing, kBanner, kRows, kTotal };
  [[nodiscard]] Answer take_banner(std::string_view line, LogSink& sink);
  [[nodiscard]] Answer take_row(std::string_view line);
  [[nodiscard]] Answer take_total(std::string_view line, LogSink& sink);

  Stage stage_ = Stage::kNothing;
  std::int32_t pid_ = 0;
  std::string program_;
  std::vector<std::int32_t> seen_;  ///< in this moment
  std::int64_t anonymous_ = 0;
  std::int64_t stacks_ = 0;
  std::int64_t mappings_ = 0;
  bool told_ = false;
};

LogFormat::Answer PmapTable::take_banner(std::string_view line, LogSink& sink) {
  const auto banner = banner_of(line);
  if (!banner) return Answer::kNotMine;
  if (std::ranges::find(seen_, banner->pid) != seen_.end()) {
    sink.next_moment();
    seen_.clear();
  }
  pid_ = banner->pid;
  program_ = program_of(banner->command);
  anonymous_ = stacks_ = mappings_ = 0;
  stage_ = Stage::kBanner;
  return Answer::kTaken;
}

LogFormat::Answer PmapTable::take_row(std::string_view line) {
  FieldCursor fields(line);
  const auto address = fields.next();
  const auto size = fields.next_number<std::int64_t>();
  const auto resident = fields.next_number<std::int64_t>();
  const auto dirty = fields.next_number<std::int64_t>();
  const auto mode = fields.next();
  if (!address || !is_address(*address) || !size || !resident || !dirty || !mode || *resident < 0) {
    return Answer::kUnreadable;
  }
  const auto bytes = checked_mul(*resident, 1024);
  if (!bytes) return Answer::kUnreadable;
  ++mappings_;
  const std::string_view what = trim(fields.rest());
  std::int64_t* sum = what == "[ anon ]" ? &anonymous_ : what == "[ stack ]" ? &stacks_ : nullptr;
  if (sum == nullptr) return Answer::kTaken;
  const auto more = checked_add(*sum, *bytes);
  if (!more) return Answer::kUnreadable;
  *sum = *more;
  return Answer::kTaken;
}

LogFormat::Answer PmapTable::take_total(std::string_view line, LogSink& sink) {
  FieldCursor fields(line);
  (void)fields.next();
  (void)fields.next();
  const auto size = fields.next_number<std::int64_t>();
  const auto resident = fields.next_number<std::int64_t>();
  const auto size_bytes = size ? checked_mul(*size, 1024) : std::nullopt;
  const auto resident_bytes = resident ? checked_mul(*resident, 1024) : std::nullopt;
  stage_ = Stage::kTotal;
  if (!size_bytes || !resident_bytes || *size_bytes < 0 || *resident_bytes < 0) return Answer::kUnreadable;
  const model::SubjectId process = sink.process(pid_, program_, std::nullopt);
  seen_.push_back(pid_);
  auto& readings = sink.readings();
  readings.put(process, Metric::kProcessVm, *size_bytes);
  readings.put(process, Metric::kProcessRss, *resident_bytes);
  readings.put(process, Metric::kProcessAnonMapRss, anonymous_);
  readings.put(process, Metric::kProcessStackRss, stacks_);
  readings.put(process, Metric::kProcessMappings, mappings_);
  return Answer::kTaken;
}

LogFormat::Answer PmapTable::take(std::string_view line, LogSink& sink) {
  switch (stage_) {
    case Stage::kNothing:
    case Stage::kTotal:
      return take_banner(line, sink);
    case Stage::kBanner:
      if (!is_header(line)) return Answer::kNotMine;
      stage_ = Stage::kRows;
      return Answer::kTaken;
    case Stage::kRows:
      if (line.starts_with("--------")) return Answer::kTaken;
      if (words_are(line, {"total", "kB"})) return take_total(line, sink);
      if (banner_of(line)) return take_banner(line, sink);
      return is_address(line.substr(0, line.find(' '))) ? take_row(line) : Answer::kNotMine;
  }
  return Answer::kNotMine;
}

void PmapTable::finish(LogSink& sink) {
  stage_ = Stage::kNothing;
  seen_.clear();
  if (told_) return;
  told_ = true;
  sink.cannot_show({"pmap table", model::Coverage::State::kPartial,
                    "pmap shows one process, and its [ anon ] does not tell the heap from other mappings",
                    "leakscope status --pid PID"});
}

}  // namespace

std::unique_ptr<LogFormat> pmap_table() { return std::make_unique<PmapTable>(); }

}  // namespace leakscope::sources::logs
