#include "base/text_cursor.h"
#include "sources/logs/calendar.h"
#include "sources/logs/tables/printed_amount.h"
#include "sources/logs/tables/process_rows.h"
#include "sources/logs/tables/tool_tables.h"

namespace leakscope::sources::logs {
namespace {

using model::Metric;

constexpr std::int64_t kKiB = 1024;

bool is_banner(std::string_view line) { return line.starts_with("top - ") && line.find("load average") != line.npos; }

/// "MiB Mem : 24105.6 total, ..." and the older "KiB Mem:  24684092 total, ..." and "Mem:  24684092k total, ...".
struct MachineLine {
  std::int64_t unit = kKiB;
  bool swap = false;
  std::string_view figures;
};

std::optional<MachineLine> machine_line(std::string_view line) {
  MachineLine found;
  std::string_view rest = trim(line);
  for (std::int64_t unit = kKiB; const std::string_view prefix : {"KiB ", "MiB ", "GiB ", "TiB "}) {
    if (rest.starts_with(prefix)) {
      found.unit = unit;
      rest.remove_prefix(prefix.size());
      break;
    }
    unit *= kKiB;
  }
  if (!rest.starts_with("Mem") && !rest.starts_with("Swap")) return std::nullopt;
  found.swap = rest.front() == 'S';
  const std::size_t colon = rest.find(':');
  if (colon == std::string_view::npos || colon > 6) return std::nullopt;
  found.figures = rest.substr(colon + 1);
  return found;
}

/// "24105.6" in units: with one decimal it is rounded to a tenth of the unit.
std::optional<PrintedAmount> in_units(std::string_view number, std::int64_t unit) {
  constexpr std::string_view kSuffixes = "KMGT";
  if (!number.empty() && (number.back() == 'k' || number.back() == 'K')) number.remove_suffix(1);
  if (unit == kKiB) return parse_printed_amount(number, kKiB);
  std::size_t which = 0;
  for (std::int64_t power = kKiB; power < unit; power *= kKiB) ++which;
  return parse_printed_amount(std::string(number) + kSuffixes[which], kKiB);
}

class TopScreen final : public LogFormat {
 public:
  [[nodiscard]] std::string_view name() const override { return "top screen"; }
  [[nodiscard]] bool begins(std::string_view line) const override { return is_banner(line); }
  [[nodiscard]] Answer take(std::string_view line, LogSink& sink) override;
  void finish(LogSink& /*sink*/) override { stage_ = Stage::kNothing; }

 private:
  enum class Stage : std::uint8_t { kNothing, kMachine, kRows };
  [[nodiscard]] static Answer put_machine(const MachineLine& line, LogSink& sink);

  Stage stage_ = Stage::kNothing;
  ProcessRows rows_;
  bool told_ = false;
};

LogFormat::Answer TopScreen::put_machine(const MachineLine& line, LogSink& sink) {
  FieldCursor fields(line.figures);
  bool any = false;
  while (const auto number = fields.next()) {
    auto word = fields.next();
    if (!word) break;
    if (const std::size_t end = word->find_first_of(",."); end != std::string_view::npos) word = word->substr(0, end);
    const auto amount = in_units(*number, line.unit);
    if (!amount) return Answer::kUnreadable;
    std::optional<Metric> metric;
    if (*word == "total") metric = line.swap ? Metric::kMeminfoSwapTotal : Metric::kMeminfoMemTotal;
    if (*word == "free") metric = line.swap ? Metric::kMeminfoSwapFree : Metric::kMeminfoMemFree;
    if (*word == "avail") metric = Metric::kMeminfoMemAvailable;
    if (!metric) continue;
    any = true;
    sink.readings().put(*metric, amount->bytes);
    if (amount->half_step > 0) sink.rounded(model::Registry::machine_id(), *metric, amount->half_step);
  }
  return any ? Answer::kTaken : Answer::kUnreadable;
}

LogFormat::Answer TopScreen::take(std::string_view line, LogSink& sink) {
  if (is_banner(line)) {
    if (stage_ != Stage::kNothing) return Answer::kNotMine;
    stage_ = Stage::kMachine;
    if (!told_) {
      told_ = true;
      sink.cannot_show({"top screen", model::Coverage::State::kPartial,
                        "top knows no slab caches: of the kernel it shows that memory goes, not where",
                        "record with: leakscope record -o FILE"});
    }
    FieldCursor fields(line.substr(std::string_view("top - ").size()));
    if (const auto clock = fields.next()) {
      if (const auto time = time_of_day(*clock)) sink.set_time({LogTime::Kind::kTimeOfDay, *time});
    }
    return Answer::kTaken;
  }
  if (stage_ == Stage::kNothing) return Answer::kNotMine;
  if (trim(line).empty()) return Answer::kTaken;
  if (stage_ == Stage::kMachine) {
    if (line.starts_with("Tasks:") || line.starts_with("Threads:") || line.starts_with("%Cpu") ||
        line.starts_with("Cpu")) {
      return Answer::kTaken;
    }
    if (const auto machine = machine_line(line)) return put_machine(*machine, sink);
    if (!rows_.set_header(line)) return Answer::kNotMine;
    stage_ = Stage::kRows;
    return Answer::kTaken;
  }
  if (!FieldCursor(line).next_number<std::int32_t>()) return Answer::kNotMine;
  return rows_.put(line, sink) ? Answer::kTaken : Answer::kUnreadable;
}

}  // namespace

std::unique_ptr<LogFormat> top_screen() { return std::make_unique<TopScreen>(); }

}  // namespace leakscope::sources::logs
