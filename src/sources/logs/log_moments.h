#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/sample.h"
#include "sources/log_format.h"
#include "sources/logs/log_survey.h"
#include "sources/logs/time_axis.h"

namespace leakscope::sources::logs {

/// Gathers what formats put into moments, gives each its time, and holds them until they are asked for. Moments without
/// a time wait for the next that has one, and are spread evenly before it.
class LogMoments final : public LogSink {
 public:
  LogMoments(std::shared_ptr<model::Registry> registry, std::optional<Nanoseconds> interval, LogPlan plan);

  // The port of formats.
  void next_moment() override;
  void set_time(LogTime time) override;
  model::SampleSink& readings() override { return sink_; }
  void rounded(model::SubjectId subject, model::Metric metric, std::int64_t half_step) override;
  model::SubjectId process(std::int32_t pid, std::string_view command, std::optional<Nanoseconds> cpu_time) override;
  void cannot_show(model::Coverage entry) override;
  void unreadable(std::uint32_t line_of_block, std::string_view why) override;
  [[nodiscard]] bool line_ended() const override { return line_ended_; }
  [[nodiscard]] std::string_view file_hint() const override { return file_hint_; }
  [[nodiscard]] std::uint64_t moment() const override { return moment_; }
  [[nodiscard]] bool is_wanted() const override {
    // Which machine's it is shows only once it was read.
    return plan_.only || skipped_in_a_row_ + 1 >= thinning_;
  }
  void skip() override { skipped_ = true; }

  // The log's own side.
  void set_line_ended(bool ended) { line_ended_ = ended; }
  void set_file_hint(std::string_view hint) { file_hint_ = hint; }
  /// Where the block that is offered lines, or is finished, began.
  void set_block_start(std::uint64_t line) { block_start_ = line; }
  /// A line said the time, and nothing else. It counts for what follows; in a log whose first blocks stand before their
  /// time it counts for what came before.
  void time_line(LogTime time);
  /// The time before a message.
  void note_prefix(LogTime time) { prefix_time_ = time; }
  /// The moment has another time than what stood before the last message.
  [[nodiscard]] bool prefix_differs() const { return prefix_time_ && time_.wall && *time_.wall != *prefix_time_; }
  /// A block begins: with the time before its first line, if there was one, which may be another than the moment's.
  void begin_block();
  /// Whether anything was put, or left unread, since the moment began.
  [[nodiscard]] bool has_content() const;
  /// Another file begins.
  void next_file();
  /// The log ends: what waits for a time gets one.
  void finish();
  /// The oldest finished moment is swapped into `sample`; nothing when there is none, else how many it stands for.
  [[nodiscard]] std::optional<std::uint32_t> take(model::Sample& sample);
  /// From the next moment on one of `every` is enough.
  void thin_to(std::uint32_t every) { next_thinning_ = every; }
  [[nodiscard]] bool has_ready() const { return !ready_.empty(); }

  struct Unreadable {
    std::uint64_t line = 0;
    std::string why;
    std::uint64_t count = 0;
  };
  /// Since the last call.
  [[nodiscard]] std::vector<Unreadable> take_unreadable();

  [[nodiscard]] const std::vector<model::Coverage>& blind_spots() const { return blind_spots_; }
  [[nodiscard]] std::uint64_t moments() const { return moments_; }
  [[nodiscard]] std::uint64_t untimed() const { return untimed_; }
  [[nodiscard]] bool any_time() const { return any_time_; }
  [[nodiscard]] Nanoseconds assumed_interval() const;
  [[nodiscard]] std::uint64_t clock_steps() const { return clock_steps_; }
  [[nodiscard]] bool saw_processes() const { return saw_processes_; }
  [[nodiscard]] const LogSurvey& survey() const { return survey_; }

  struct OtherMachine {
    MachineSize size;
    std::uint64_t samples = 0;
  };
  /// Whose samples were left out.
  [[nodiscard]] const std::vector<OtherMachine>& other_machines() const { return other_machines_; }

 private:
  struct Incarnation {
    std::string command;
    std::optional<Nanoseconds> cpu_time;
    std::uint64_t which = 0;
    model::SubjectId subject;
  };

  /// A moment on its way out.
  struct Closed {
    model::Sample sample;
    std::uint32_t stands_for = 1;  ///< 0: it was not read, and is only a place in time
  };

  [[nodiscard]] bool was_read() const;
  [[nodiscard]] bool is_of_other_machine();
  void close();
  void place(Closed closed, const LogMoment& time);
  void place_waiting_before(Nanoseconds start, Nanoseconds end);
  void place_waiting_at(Nanoseconds apart);
  void release(Closed&& closed, const Moment& time);
  void note_step(const TimeAxis::Placed& placed, model::Sample& sample);

  std::shared_ptr<model::Registry> registry_;
  std::optional<Nanoseconds> interval_;
  model::Sample sample_;
  model::SampleSink sink_;
  LogMoment time_;       ///< of the moment that is gathered
  LogMoment last_time_;  ///< of the last moment that had one
  std::optional<LogTime> prefix_time_;
  LogPlan plan_;
  LogSurvey survey_;
  std::vector<OtherMachine> other_machines_;
  std::optional<std::size_t> other_machine_;  ///< the last moment was that one's
  bool time_stands_after_ = false;
  bool time_was_said_ = false;  ///< in this file
  TimeAxis axis_;
  std::vector<Closed> waiting_;
  std::size_t waiting_readings_ = 0;
  std::deque<Closed> ready_;
  std::vector<model::Sample> spare_;
  std::unordered_map<std::int32_t, Incarnation> processes_;
  std::uint64_t incarnations_ = 0;
  std::vector<model::Coverage> blind_spots_;
  std::vector<Unreadable> unreadable_;
  std::string file_hint_;
  std::uint64_t block_start_ = 0;
  std::uint32_t thinning_ = 1;  ///< the same all through a moment
  std::uint32_t next_thinning_ = 1;
  std::uint32_t skipped_in_a_row_ = 0;
  bool skipped_ = false;
  std::uint64_t moment_ = 0;
  std::uint64_t moments_ = 0;
  std::uint64_t untimed_ = 0;
  std::uint64_t clock_steps_ = 0;
  bool any_time_ = false;
  bool line_ended_ = true;
  bool saw_processes_ = false;
};

}  // namespace leakscope::sources::logs
