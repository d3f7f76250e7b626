#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/process_id.h"
#include "model/kmem_event.h"

namespace leakscope::sources::perf_data {

/// A task got a name, or begins with that of its parent.
struct TaskChange {
  std::uint64_t time = 0;
  Pid tid = {};
  model::NameId comm = model::kNoName;
  std::optional<Pid> parent = {};
};

/// Values with a number each, which another one gets later: keeps large values in place while their numbers are sorted.
template <class T>
class Pool {
 public:
  [[nodiscard]] std::uint32_t put(const T& value) {
    if (free_.empty()) {
      values_.push_back(value);
      return static_cast<std::uint32_t>(values_.size() - 1);
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    values_[slot] = value;
    return slot;
  }
  [[nodiscard]] const T& take(std::uint32_t slot) {
    free_.push_back(slot);
    return values_[slot];
  }

 private:
  std::vector<T> values_;
  std::vector<std::uint32_t> free_;
};

/// Puts what perf wrote into the order of time. perf empties the buffers of all CPUs one after the other, and writes a
/// mark when it was through (FINISHED_ROUND): what comes behind the mark is not earlier than anything that was seen
/// before the mark before. So at each mark all that is not later than the latest of the mark before may go out
/// (tools/perf/util/ordered-events.c says it with a picture). Within a round each buffer is in order nearly always, so
/// what is held are runs that are merged; that costs a few nanoseconds an event.
///
/// At most kMostHeld are held: where no marks come, the older half goes out then. What comes too late after that gets
/// the time of what went out last, and is counted.
class RoundSorter {
 public:
  static constexpr std::size_t kMostHeld = std::size_t{1} << 20U;

  explicit RoundSorter(std::size_t most_held = kMostHeld) : most_held_(most_held) {}

  /// These only while nothing is ready: take what is, first.
  void push(const model::KmemEvent& event) { push(event.time, Kind::kEvent, events_.put(event)); }
  void push(const TaskChange& change) { push(change.time, Kind::kTask, tasks_.put(change)); }
  void finish_round();
  /// All that is held.
  void release();

  struct Item {
    const model::KmemEvent* event = nullptr;  ///< either this
    const TaskChange* task = nullptr;         ///< or this
    std::uint64_t time = 0;                   ///< never earlier than the one before
  };
  [[nodiscard]] bool has_ready() const { return next_ < ready_; }
  /// The next that may go out; has_ready(). What it points to lives until the next push.
  [[nodiscard]] Item take() {
    const Key key = keys_[next_++];
    if (next_ == ready_) drop_taken();
    Item item{.time = key.time};
    if (key.kind == Kind::kEvent) {
      item.event = &events_.take(key.slot);
      if (key.time < last_time_) ++late_;
    } else {
      item.task = &tasks_.take(key.slot);
    }
    if (item.time < last_time_) item.time = last_time_;
    last_time_ = item.time;
    return item;
  }

  [[nodiscard]] std::uint64_t latest() const { return latest_; }
  /// Events that came too late for their place.
  [[nodiscard]] std::uint64_t late() const { return late_; }

 private:
  enum class Kind : std::uint32_t { kEvent, kTask };
  struct Key {
    std::uint64_t time;
    std::uint32_t slot;
    Kind kind;
  };
  void push(std::uint64_t time, Kind kind, std::uint32_t slot) {
    if (!keys_.empty() && time < keys_.back().time) runs_.push_back(keys_.size());
    keys_.push_back({time, slot, kind});
    if (time > latest_) latest_ = time;
    if (keys_.size() >= most_held_) release_half();
  }
  void release_half();
  void merge_runs();
  void merge_neighbours();
  void drop_taken();

  std::size_t most_held_;
  std::vector<Key> keys_;
  std::vector<std::size_t> runs_;  // where in keys_ each run begins but the first
  std::vector<Key> merged_;
  Pool<model::KmemEvent> events_;
  Pool<TaskChange> tasks_;
  std::size_t next_ = 0;   // of keys_
  std::size_t ready_ = 0;  // the end of what may go out
  std::uint64_t latest_ = 0;
  std::uint64_t latest_of_round_before_ = 0;
  std::uint64_t last_time_ = 0;
  std::uint64_t late_ = 0;
};

}  // namespace leakscope::sources::perf_data
