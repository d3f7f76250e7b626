#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/text_cursor.h"
#include "model/registry.h"
#include "sources/log_format.h"

namespace leakscope::sources::logs {

/// For tests: offers the lines of a text to one format and keeps all that it puts.
class KeptLog final : public LogSink {
 public:
  struct Kept {
    std::optional<LogTime> time;
    std::map<std::string, std::int64_t> values;  ///< "process web-server process.rss"
  };

  explicit KeptLog(LogFormat& format) : format_(format) { moments.emplace_back(); }

  void read(std::string_view text) {
    LineCursor lines(text);
    while (const auto line = lines.next()) offer(*line);
    close();
  }

  void next_moment() override {
    keep();
    if (!moments.back().values.empty()) moments.emplace_back();
  }
  void set_time(LogTime time) override { moments.back().time = time; }
  model::SampleSink& readings() override { return sink_; }
  void rounded(model::SubjectId subject, model::Metric metric, std::int64_t half_step) override {
    half_steps[name(subject, metric)] = half_step;
  }
  model::SubjectId process(std::int32_t pid, std::string_view command, std::optional<Nanoseconds> cpu_time) override {
    if (cpu_time) cpu_times[std::string(command)] = *cpu_time;
    const ProcessId id{Pid{pid}, StartTime::unknown(1)};
    return registry->intern(model::SubjectKey{model::SubjectKind::kProcess, std::string(command), id});
  }
  void cannot_show(model::Coverage entry) override { blind_spots.push_back(std::move(entry)); }
  void unreadable(std::uint32_t /*line_of_block*/, std::string_view why) override { refused.emplace_back(why); }
  [[nodiscard]] bool line_ended() const override { return true; }
  [[nodiscard]] bool is_wanted() const override { return true; }
  void skip() override {}
  [[nodiscard]] std::string_view file_hint() const override { return {}; }
  [[nodiscard]] std::uint64_t moment() const override { return moments.size(); }

  std::vector<Kept> moments;
  std::map<std::string, std::int64_t> half_steps;
  std::map<std::string, Nanoseconds> cpu_times;
  std::vector<model::Coverage> blind_spots;
  std::vector<std::string> refused;   ///< lines that belong to the format and cannot be read
  std::vector<std::string> declined;  ///< lines of others
  std::shared_ptr<model::Registry> registry = std::make_shared<model::Registry>();

 private:
  void offer(std::string_view line) {
    if (open_) {
      const auto answer = format_.take(line, *this);
      if (answer == LogFormat::Answer::kUnreadable) refused.emplace_back(line);
      if (answer != LogFormat::Answer::kNotMine) return;
      if (format_.begins(line)) close();
    }
    if (!format_.begins(line)) {
      declined.emplace_back(line);
      return;
    }
    open_ = true;
    if (format_.take(line, *this) == LogFormat::Answer::kNotMine) declined.emplace_back(line);
  }
  void close() {
    if (!open_) return;
    open_ = false;
    format_.finish(*this);
    next_moment();
  }
  void keep() {
    for (const auto& reading : sample_.readings) {
      moments.back().values[name(reading.subject, reading.metric)] = reading.value;
    }
    sample_.readings.clear();
  }
  [[nodiscard]] std::string name(model::SubjectId subject, model::Metric metric) const {
    const std::string who = registry->info(subject).key.name;
    return (who.empty() ? "" : who + " ") + std::string(model::info(metric).name);
  }

  LogFormat& format_;
  model::Sample sample_;
  model::SampleSink sink_{*registry, sample_};
  bool open_ = false;
};

}  // namespace leakscope::sources::logs
