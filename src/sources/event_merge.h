#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "model/kmem_event.h"

namespace leakscope::sources {

/// Events of one CPU, in order of time.
template <class T>
concept EventLane = requires(T lane, const T& seen, std::size_t count) {
  { seen.ready() } -> std::convertible_to<std::span<const model::KmemEvent>>;
  lane.drop(count);
  /// Puts more into an empty ready(); false: there is nothing more by now.
  { lane.refill() } -> std::same_as<bool>;
};

/// Merges the events of many CPUs by time: a heap of lanes by their first event. A lane gives all it has before the
/// next lane's first event at once, so that the heap costs little where each CPU writes many events in a row.
template <EventLane Lane>
class EventMerge {
 public:
  /// All lanes that have something, from the start. They outlive this.
  void start(std::span<Lane> lanes) {
    heap_.clear();
    for (Lane& lane : lanes) add(lane);
  }

  /// Appends events up to time `until`, until there are at least `enough`. Time never goes back: an event of a CPU
  /// whose clock did gets the time of the one before it.
  void take(std::vector<model::KmemEvent>& out, std::size_t enough, std::uint64_t until) {
    while (!heap_.empty() && heap_.front().time <= until && out.size() < enough) {
      std::ranges::pop_heap(heap_, kLater);
      Lane& lane = *heap_.back().lane;
      heap_.pop_back();
      const std::uint64_t limit = heap_.empty() ? until : std::min(until, heap_.front().time);
      while (take_run(lane, out, limit, enough)) {
        if (!lane.refill()) break;
      }
      add(lane);
    }
  }

 private:
  struct Entry {
    std::uint64_t time;
    Lane* lane;
  };
  // Of two at the same time the first lane's: the same trace gives the same order each time.
  static constexpr auto kLater = [](const Entry& a, const Entry& b) {
    return a.time != b.time ? a.time > b.time : std::greater<>()(a.lane, b.lane);
  };

  void add(Lane& lane) {
    if (lane.ready().empty() && !lane.refill()) return;
    add_if_ready(lane);
  }
  void add_if_ready(Lane& lane) {
    if (lane.ready().empty()) return;
    heap_.push_back({lane.ready().front().time, &lane});
    std::ranges::push_heap(heap_, kLater);
  }

  /// True when the lane gave all it had and more may be wanted of it.
  bool take_run(Lane& lane, std::vector<model::KmemEvent>& out, std::uint64_t limit, std::size_t enough) {
    const std::span<const model::KmemEvent> ready = lane.ready();
    std::size_t count = 0;
    while (count < ready.size() && ready[count].time <= limit) {
      last_ = std::max(last_, ready[count].time);
      out.push_back(ready[count]);
      out.back().time = last_;
      ++count;
    }
    lane.drop(count);
    return count == ready.size() && out.size() < enough;
  }

  std::vector<Entry> heap_;
  std::uint64_t last_ = 0;
};

}  // namespace leakscope::sources
