#include "sources/logs/log_moments.h"

#include <algorithm>

#include <fmt/format.h>

namespace leakscope::sources::logs {
namespace {

constexpr Nanoseconds kAssumedInterval = std::chrono::seconds(1);
// What may wait for a time: a log that has none is not to fill memory.
constexpr std::size_t kMostWaiting = 256;
constexpr std::size_t kMostWaitingReadings = 400'000;
constexpr std::size_t kMostProblems = 64;
constexpr Nanoseconds kLongestApart = std::chrono::hours(24 * 30);

}  // namespace

LogMoments::LogMoments(std::shared_ptr<model::Registry> registry, std::optional<Nanoseconds> interval, LogPlan plan)
    : registry_(std::move(registry)), interval_(interval), sink_(*registry_, sample_), plan_(std::move(plan)) {}

Nanoseconds LogMoments::assumed_interval() const { return interval_.value_or(kAssumedInterval); }

bool LogMoments::has_content() const { return skipped_ || was_read(); }

bool LogMoments::was_read() const {
  return !sample_.readings.empty() || !sample_.events.empty() || !sample_.retired.empty();
}

void LogMoments::next_moment() {
  close();
  if (prefix_time_) set_time(*prefix_time_);
}

void LogMoments::set_time(LogTime time) {
  constexpr Nanoseconds kLatest{7'258'118'400'000'000'000};  // the year 2200
  time.value = std::clamp(time.value, Nanoseconds{0}, kLatest);
  if (time.kind == LogTime::Kind::kSinceBoot) {
    time_.since_boot = time.value;
  } else {
    time_.wall = time;
  }
}

void LogMoments::begin_block() {
  if (!prefix_time_) return;
  if (has_content()) {
    if (!time_.wall || *time_.wall == *prefix_time_) return;
    close();
  }
  set_time(*prefix_time_);
}

void LogMoments::time_line(LogTime time) {
  const bool since_boot = time.kind == LogTime::Kind::kSinceBoot;
  if (has_content() && !time_was_said_ && time_.empty()) time_stands_after_ = true;
  time_was_said_ = true;
  if (time_stands_after_) {
    set_time(time);
    // The other clock of the same moment may follow.
    if (has_content()) close();
    return;
  }
  const bool same_clock_again = since_boot ? time_.since_boot.has_value() : time_.wall.has_value();
  if (has_content() && (same_clock_again || time_.empty())) close();
  set_time(time);
}

void LogMoments::rounded(model::SubjectId subject, model::Metric metric, std::int64_t half_step) {
  sample_.rounded.push_back({subject, metric, half_step});
}

model::SubjectId LogMoments::process(std::int32_t pid, std::string_view command, std::optional<Nanoseconds> cpu_time) {
  saw_processes_ = true;
  const auto found = processes_.find(pid);
  const bool is_same = found != processes_.end() && found->second.command == command &&
                       !(cpu_time && found->second.cpu_time && *cpu_time < *found->second.cpu_time);
  if (is_same) {
    if (cpu_time) found->second.cpu_time = cpu_time;
    return found->second.subject;
  }
  if (found != processes_.end()) sink_.retire(found->second.subject);
  const std::uint64_t which = incarnations_++;
  const auto subject = registry_->intern(model::SubjectKey{model::SubjectKind::kProcess, std::string(command),
                                                           ProcessId{Pid{pid}, StartTime::unknown(which)}});
  processes_.insert_or_assign(pid, Incarnation{std::string(command), cpu_time, which, subject});
  return subject;
}

void LogMoments::cannot_show(model::Coverage entry) {
  if (std::ranges::find(blind_spots_, entry) == blind_spots_.end()) blind_spots_.push_back(std::move(entry));
}

void LogMoments::unreadable(std::uint32_t line_of_block, std::string_view why) {
  if (unreadable_.size() < kMostProblems) {
    unreadable_.push_back({block_start_ + std::max(line_of_block, 1U) - 1, std::string(why), 1});
  } else {
    ++unreadable_.back().count;
  }
}

std::vector<LogMoments::Unreadable> LogMoments::take_unreadable() { return std::exchange(unreadable_, {}); }

void LogMoments::next_file() {
  close();
  time_stands_after_ = false;
  time_was_said_ = false;
  prefix_time_.reset();
}

void LogMoments::close() {
  ++moment_;
  const LogMoment time = std::exchange(time_, {});
  const bool skipped = std::exchange(skipped_, false);
  thinning_ = next_thinning_;
  if (!was_read() && !skipped) return;
  ++moments_;
  if (is_of_other_machine()) return sample_.clear();
  Closed closed;
  if (was_read()) {
    if (!spare_.empty()) {
      closed.sample = std::move(spare_.back());
      spare_.pop_back();
    }
    std::swap(closed.sample, sample_);
    closed.stands_for = std::exchange(skipped_in_a_row_, 0) + 1;
  } else {
    closed.stands_for = 0;
    ++skipped_in_a_row_;
  }
  place(std::move(closed), time);
}

/// One that does not tell the machine's memory is of the machine that the one before is of.
bool LogMoments::is_of_other_machine() {
  constexpr std::size_t kMostMachines = 16;
  if (!plan_.only) return false;
  if (const auto size = machine_size_in(sample_)) {
    other_machine_.reset();
    if (!is_same_size(*plan_.only, *size)) {
      const auto known = std::ranges::find_if(
          other_machines_, [&](const OtherMachine& other) { return is_same_size(other.size, *size); });
      other_machine_ = static_cast<std::size_t>(known - other_machines_.begin());
      if (known == other_machines_.end()) {
        if (other_machines_.size() < kMostMachines) other_machines_.push_back({.size = *size});
        other_machine_ = other_machines_.size() - 1;
      }
    }
  }
  if (other_machine_) ++other_machines_[*other_machine_].samples;
  return other_machine_.has_value();
}

void LogMoments::place(Closed closed, const LogMoment& time) {
  std::optional<TimeAxis::Placed> placed;
  const auto before = axis_.last();
  if (!time.empty() && time != last_time_) {
    last_time_ = time;
    any_time_ = true;
    const auto usual = axis_.usual_gap();
    placed = axis_.place(time, std::ranges::binary_search(plan_.clock_steps, moments_));
    survey_.note_step(*placed, usual, waiting_.empty() && !time.since_boot);
  }
  if (closed.stands_for > 0) survey_.add(closed.sample, moments_);
  if (placed && placed->step != TimeAxis::Step::kSame) {
    note_step(*placed, closed.sample);
    const Nanoseconds end = placed->moment.boot.since_boot;
    if (!waiting_.empty()) {
      const Nanoseconds apart = std::min(axis_.usual_gap().value_or(assumed_interval()), kLongestApart);
      const auto count = static_cast<std::int64_t>(waiting_.size());
      place_waiting_before(before ? before->boot.since_boot : end - apart * (count + 1), end);
    }
    return release(std::move(closed), placed->moment);
  }
  ++untimed_;
  waiting_readings_ += closed.sample.readings.size();
  waiting_.push_back(std::move(closed));
  if (waiting_.size() >= kMostWaiting || waiting_readings_ >= kMostWaitingReadings) {
    place_waiting_at(any_time_ ? Nanoseconds(std::chrono::milliseconds(1)) : assumed_interval());
  }
}

/// Evenly between the last moment with a time and the one that has come now.
void LogMoments::place_waiting_before(Nanoseconds start, Nanoseconds end) {
  const auto parts = static_cast<std::int64_t>(waiting_.size()) + 1;
  std::int64_t part = 0;
  const Moment last = *axis_.last();
  for (Closed& closed : waiting_) {
    const Nanoseconds back = (end - start) / parts * (parts - ++part);
    Moment at = last;
    at.boot.since_boot -= back;
    at.wall.since_epoch -= back;
    at.monotonic -= back;
    release(std::move(closed), at);
  }
  waiting_.clear();
  waiting_readings_ = 0;
}

void LogMoments::place_waiting_at(Nanoseconds apart) {
  for (Closed& closed : waiting_) release(std::move(closed), axis_.place_after(apart));
  waiting_.clear();
  waiting_readings_ = 0;
}

void LogMoments::finish() {
  close();
  place_waiting_at(any_time_ ? axis_.usual_gap().value_or(assumed_interval()) : assumed_interval());
  // The window ends with the last moment, read or not.
  if (skipped_in_a_row_ > 0) release({{}, std::exchange(skipped_in_a_row_, 0)}, *axis_.last());
}

void LogMoments::note_step(const TimeAxis::Placed& placed, model::Sample& sample) {
  using Step = TimeAxis::Step;
  const auto add = [&](model::EventKind kind, std::string text) {
    sample.events.push_back({placed.moment, kind, std::nullopt, std::move(text)});
  };
  switch (placed.step) {
    case Step::kNone:
    case Step::kSame:
      return;
    case Step::kBack:
      ++clock_steps_;
      return add(model::EventKind::kClockStep, fmt::format("the log's clock fell back by {}", to_human(placed.jump)));
    case Step::kFarForward:
      ++clock_steps_;
      return add(model::EventKind::kClockStep,
                 fmt::format("the log's clock went forward by {}", to_human(placed.jump)));
    case Step::kGap:
      return add(model::EventKind::kRecordingGap, fmt::format("nothing was logged for {}", to_human(placed.jump)));
    case Step::kReboot:
      return add(model::EventKind::kReboot, "the time since boot began anew");
  }
}

void LogMoments::release(Closed&& closed, const Moment& time) {
  if (closed.stands_for == 0 && closed.sample.events.empty()) return;
  closed.sample.time = time;
  for (model::Event& event : closed.sample.events) event.time = time;
  ready_.push_back(std::move(closed));
}

std::optional<std::uint32_t> LogMoments::take(model::Sample& sample) {
  if (ready_.empty()) return std::nullopt;
  Closed closed = std::move(ready_.front());
  ready_.pop_front();
  std::swap(sample, closed.sample);
  closed.sample.clear();
  constexpr std::size_t kSpares = 4;
  if (spare_.size() < kSpares) spare_.push_back(std::move(closed.sample));
  return closed.stands_for;
}

}  // namespace leakscope::sources::logs
