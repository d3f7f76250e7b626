#include "session/sample_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace leakscope::session {
namespace {

// More buffers than these are given back once nothing waits any more: a writer that keeps up needs no others.
constexpr std::size_t kSpareWhenIdle = 2;
constexpr std::size_t kAlwaysTaken = 2;

std::size_t bytes_of(const model::Sample& sample) {
  std::size_t bytes = sizeof(sample) + sample.readings.capacity() * sizeof(model::Reading) +
                      sample.retired.capacity() * sizeof(model::SubjectId);
  for (const model::Event& event : sample.events) bytes += sizeof(event) + event.text.capacity();
  return bytes;
}

bool is_coming_or_going(model::EventKind kind) {
  using enum model::EventKind;
  return kind == kProcessStart || kind == kProcessExit || kind == kCgroupMade || kind == kCgroupRemoved;
}

}  // namespace

bool SampleQueue::is_heard_of(model::SubjectId subject) const {
  return subject.index < heard_of_ ||
         std::ranges::any_of(held_.events, [&](const model::Event& event) { return event.subject == subject; });
}

void SampleQueue::drop(model::Sample& sample) {
  ++dropped_;
  ++gap_;
  for (model::Event& event : sample.events) {
    if (is_coming_or_going(event.kind) || held_.events.size() == kMostHeldEvents) {
      ++dropped_events_;
    } else {
      held_.events.push_back(std::move(event));
    }
  }
  for (const model::SubjectId subject : sample.retired) {
    (is_heard_of(subject) ? held_.retired : unheard_of_).push_back(subject);
  }
  sample.clear();
}

void SampleQueue::add_what_was_held(model::Sample& sample) {
  held_.events.push_back(
      {sample.time, model::EventKind::kRecordingGap, std::nullopt,
       fmt::format("{} samples were dropped: what was recorded could not be written in time", gap_)});
  sample.events.insert(sample.events.begin(), std::make_move_iterator(held_.events.begin()),
                       std::make_move_iterator(held_.events.end()));
  sample.retired.insert(sample.retired.begin(), held_.retired.begin(), held_.retired.end());
  held_ = {};
  gap_ = 0;
}

bool SampleQueue::push(model::Sample& sample, std::size_t subjects) {
  ++pushed_;
  const std::size_t bytes = bytes_of(sample);
  if (waiting_.size() >= kAlwaysTaken && bytes_ + bytes > most_bytes_) {
    drop(sample);
    return false;
  }
  if (gap_ > 0) add_what_was_held(sample);
  heard_of_ = subjects;
  waiting_.push_back(std::exchange(sample, {}));
  bytes_ += bytes_of(waiting_.back());
  if (!spare_.empty()) {
    sample = std::move(spare_.back());
    spare_.pop_back();
  }
  return true;
}

bool SampleQueue::pop(model::Sample& sample) {
  if (waiting_.empty()) return false;
  bytes_ -= bytes_of(waiting_.front());
  std::swap(sample, waiting_.front());
  waiting_.front().clear();
  spare_.push_back(std::move(waiting_.front()));
  waiting_.erase(waiting_.begin());
  if (waiting_.empty() && spare_.size() > kSpareWhenIdle) spare_.resize(kSpareWhenIdle);
  return true;
}

std::vector<model::SubjectId> SampleQueue::take_unheard_of() { return std::exchange(unheard_of_, {}); }

}  // namespace leakscope::session
