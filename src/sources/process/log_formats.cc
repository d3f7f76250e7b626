#include "sources/process/log_formats.h"

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/text_cursor.h"
#include "model/metric.h"
#include "sources/process/pid_status.h"
#include "sources/process/smaps_rollup.h"

namespace leakscope::sources::process {
namespace {

using model::Metric;

constexpr std::size_t kMostProcesses = 1 << 18;

bool begins_status(std::string_view line) { return line.starts_with("Name:\t"); }
bool begins_rollup(std::string_view line) {
  return line.ends_with("[rollup]") && line.find('-') != std::string_view::npos;
}

bool belongs_to_status(std::string_view line) { return line.find(":\t") != std::string_view::npos; }
bool belongs_to_rollup(std::string_view line) {
  return line.ends_with(" kB") && line.find(':') != std::string_view::npos && line.find('\t') == std::string_view::npos;
}

/// 812 of "/proc/812/smaps_rollup".
std::optional<std::int32_t> pid_of_file(std::string_view file) {
  if (!file.starts_with("/proc/")) return std::nullopt;
  file.remove_prefix(6);
  return parse_number<std::int32_t>(file.substr(0, file.find('/')));
}

class ProcessFiles final : public LogFormat {
 public:
  [[nodiscard]] std::string_view name() const override { return "process files"; }
  [[nodiscard]] bool begins(std::string_view line) const override { return begins_status(line) || begins_rollup(line); }
  [[nodiscard]] bool several_per_moment() const override { return true; }

  [[nodiscard]] Answer take(std::string_view line, LogSink& sink) override {
    if (text_.empty()) {
      if (!begins(line)) return Answer::kNotMine;
      is_rollup_ = begins_rollup(line);
      file_ = sink.file_hint();
    } else if (begins(line) || !(is_rollup_ ? belongs_to_rollup(line) : belongs_to_status(line))) {
      return Answer::kNotMine;
    }
    text_.append(line);
    if (sink.line_ended()) text_.push_back('\n');
    return Answer::kTaken;
  }

  void finish(LogSink& sink) override {
    if (text_.empty()) return;
    const auto done = is_rollup_ ? put_rollup(sink) : put_status(sink);
    if (!done) sink.unreadable(done.error().line, done.error().what);
    text_.clear();
  }

 private:
  /// The same file of the same process twice: time has passed.
  void begin(LogSink& sink, std::unordered_set<std::int32_t>& seen, std::int32_t pid) {
    if (sink.moment() == moment_ && seen.contains(pid)) sink.next_moment();
    if (sink.moment() != moment_) {
      moment_ = sink.moment();
      seen_status_.clear();
      seen_rollup_.clear();
    }
    seen.insert(pid);
  }

  Result<> put_status(LogSink& sink) {
    const auto status = parse_pid_status(text_);
    if (!status) return std::unexpected(status.error());
    if (!status->pid || !status->name) return malformed("/proc/PID/status", 1, "want 'Name:' and 'Pid:'");
    begin(sink, seen_status_, *status->pid);
    last_pid_ = *status->pid;
    if (names_.size() < kMostProcesses) names_.insert_or_assign(*status->pid, std::string(status->name->view()));
    const auto subject = sink.process(*status->pid, status->name->view(), std::nullopt);
    const auto put = [&](Metric metric, std::optional<std::int64_t> value) {
      if (value) sink.readings().put(subject, metric, *value);
    };
    put(Metric::kProcessRssAnon, status->rss_anon);
    put(Metric::kProcessRssFile, status->rss_file);
    put(Metric::kProcessRssShmem, status->rss_shmem);
    put(Metric::kProcessSwap, status->vm_swap);
    put(Metric::kProcessHwm, status->vm_hwm);
    put(Metric::kProcessPageTables, status->vm_pte);
    put(Metric::kProcessVm, status->vm_size);
    put(Metric::kProcessThreads, status->threads);
    return {};
  }

  Result<> put_rollup(LogSink& sink) {
    const auto sums = parse_smaps_rollup(text_);
    if (!sums) return std::unexpected(sums.error());
    const std::int32_t pid = pid_of_file(file_).value_or(last_pid_);
    begin(sink, seen_rollup_, pid);
    const auto name = names_.find(pid);
    const auto subject =
        sink.process(pid, name == names_.end() ? "unknown" : std::string_view(name->second), std::nullopt);
    const auto put = [&](Metric metric, std::optional<std::int64_t> value) {
      if (value) sink.readings().put(subject, metric, *value);
    };
    put(Metric::kProcessPss, sums->pss);
    put(Metric::kProcessPssAnon, sums->pss_anon);
    put(Metric::kProcessPssShmem, sums->pss_shmem);
    put(Metric::kProcessUss, sums->uss());
    if (seen_status_.contains(pid)) return {};
    put(Metric::kProcessRssAnon, sums->anonymous);
    put(Metric::kProcessSwap, sums->swap);
    return {};
  }

  std::string text_;
  std::string file_;
  bool is_rollup_ = false;
  std::uint64_t moment_ = 0;
  std::int32_t last_pid_ = 0;
  std::unordered_set<std::int32_t> seen_status_;
  std::unordered_set<std::int32_t> seen_rollup_;
  std::unordered_map<std::int32_t, std::string> names_;
};

}  // namespace

std::unique_ptr<LogFormat> process_files_log_format() { return std::make_unique<ProcessFiles>(); }

}  // namespace leakscope::sources::process
