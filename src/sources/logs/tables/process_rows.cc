#include "sources/logs/tables/process_rows.h"

#include <algorithm>

#include "base/text_cursor.h"
#include "sources/logs/tables/printed_amount.h"

namespace leakscope::sources::logs {
namespace {

using model::Metric;

constexpr std::int64_t kKiB = 1024;

std::optional<PrintedAmount> amount(const Row& row, std::optional<std::size_t> column) {
  const auto text = row.at(column);
  if (!text) return std::nullopt;
  return parse_printed_amount(*text, kKiB);
}

void put_amount(LogSink& sink, model::SubjectId process, Metric metric, const PrintedAmount& amount) {
  sink.readings().put(process, metric, amount.bytes);
  if (amount.half_step > 0) sink.rounded(process, metric, amount.half_step);
}

}  // namespace

std::optional<Nanoseconds> parse_cpu_time(std::string_view text) {
  constexpr std::int64_t kMostDays = 100'000;
  std::int64_t seconds = 0;
  if (const std::size_t dash = text.find('-'); dash != std::string_view::npos) {
    const auto days = parse_number<std::int64_t>(text.substr(0, dash));
    if (!days || *days < 0 || *days > kMostDays) return std::nullopt;
    seconds = *days * 24;
    text.remove_prefix(dash + 1);
  }
  std::int64_t hundredths = 0;
  if (const std::size_t point = text.find_first_of(".,"); point != std::string_view::npos) {
    const auto fraction = parse_number<std::int64_t>(text.substr(point + 1));
    if (!fraction || text.size() - point != 3) return std::nullopt;
    hundredths = *fraction;
    text = text.substr(0, point);
  }
  bool any_colon = false;
  for (;;) {
    const std::size_t colon = text.find(':');
    const auto part = parse_number<std::uint32_t>(text.substr(0, colon));
    if (!part) return std::nullopt;
    seconds += *part;
    if (colon == std::string_view::npos) break;
    any_colon = true;
    if (seconds > kMostDays * 24 * 60) return std::nullopt;
    seconds *= 60;
    text.remove_prefix(colon + 1);
  }
  constexpr std::int64_t kMostSeconds = 9'000'000'000;
  if (!any_colon || seconds > kMostSeconds) return std::nullopt;
  return std::chrono::seconds(seconds) + std::chrono::milliseconds(10 * hundredths);
}

bool ProcessRows::set_header(std::string_view header) {
  columns_ = Columns(header);
  pid_ = columns_.find({"PID"});
  command_ = columns_.find({"COMMAND", "CMD", "Command"});
  resident_ = columns_.find({"RSS", "RES", "RSZ"});
  shared_ = columns_.find({"SHR"});
  virtual_ = columns_.find({"VSZ", "VIRT", "VSIZE"});
  cpu_time_ = columns_.find({"TIME", "TIME+"});
  threads_ = columns_.find({"NLWP", "nTH", "THCNT"});
  const bool last_is_command = command_ && *command_ + 1 == columns_.size();
  if (pid_ && resident_ && last_is_command) return true;
  pid_.reset();
  return false;
}

bool ProcessRows::put(std::string_view line, LogSink& sink) {
  if (!row_.cut(line, columns_.size())) return false;
  const std::string_view pid_text = row_[*pid_];
  if (pid_text == "-") return true;  // a thread's row of ps m
  const auto pid = parse_number<std::int32_t>(pid_text);
  const auto resident = amount(row_, resident_);
  if (!pid || *pid <= 0 || !resident) return false;
  const auto mapped = amount(row_, virtual_);
  // Kernel threads have no memory of their own, and a process that ended while the tool looked shows none.
  if (resident->bytes == 0 && (!mapped || mapped->bytes == 0)) return true;
  const auto time = row_.at(cpu_time_);
  const model::SubjectId process =
      sink.process(*pid, program_of(row_[*command_]), time ? parse_cpu_time(*time) : std::nullopt);
  put_memory(process, sink);
  if (const auto threads = row_.at(threads_)) {
    if (const auto count = parse_number<std::int64_t>(*threads))
      sink.readings().put(process, Metric::kProcessThreads, *count);
  }
  return true;
}

void ProcessRows::put_memory(model::SubjectId process, LogSink& sink) const {
  const auto resident = amount(row_, resident_);
  put_amount(sink, process, Metric::kProcessRss, *resident);
  if (const auto mapped = amount(row_, virtual_)) put_amount(sink, process, Metric::kProcessVm, *mapped);
  // SHR is RssFile and RssShmem (statm's third field), RES is RssAnon with both.
  if (const auto shared = amount(row_, shared_)) {
    put_amount(sink, process, Metric::kProcessRssAnon,
               {std::max<std::int64_t>(resident->bytes - shared->bytes, 0), resident->half_step + shared->half_step});
  }
}

}  // namespace leakscope::sources::logs
