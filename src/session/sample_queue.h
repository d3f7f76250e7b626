#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/sample.h"

namespace leakscope::session {

/// Samples on their way from the sampler to a writer that may be slow, in a bounded number of bytes. Handing a sample
/// over swaps buffers: it allocates nothing once as many as ever wait at a time have been there before. Not
/// thread-safe.
///
/// When it is full, whole samples are dropped and counted. What must not be lost with them goes with the next sample
/// that finds room: which subjects ended, events other than starts and ends (kMostHeldEvents at most), and an event
/// kRecordingGap that tells how many are missing.
class SampleQueue {
 public:
  explicit SampleQueue(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  /// Takes the contents of the sample and leaves it empty, with buffers to fill again. `subjects`: how many the
  /// registry knows by now. False when the sample was dropped; two samples are always taken.
  bool push(model::Sample& sample, std::size_t subjects);
  /// The sample that waits longest, for its buffers in exchange; false when none waits.
  bool pop(model::Sample& sample);

  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  [[nodiscard]] std::size_t size() const { return waiting_.size(); }
  [[nodiscard]] std::uint64_t pushed() const { return pushed_; }  ///< dropped ones included
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  [[nodiscard]] std::uint64_t dropped_events() const { return dropped_events_; }
  /// Subjects that began and ended in dropped samples: whoever takes from the queue never hears of them. Given once.
  [[nodiscard]] std::vector<model::SubjectId> take_unheard_of();

  static constexpr std::size_t kMostHeldEvents = 256;

 private:
  void drop(model::Sample& sample);
  /// By whoever takes from the queue: from a sample that was taken, or from an event that will be told.
  [[nodiscard]] bool is_heard_of(model::SubjectId subject) const;
  void add_what_was_held(model::Sample& sample);

  std::size_t most_bytes_;
  std::vector<model::Sample> waiting_;  // few and small to move: a deque would allocate as it goes round
  std::vector<model::Sample> spare_;
  std::size_t bytes_ = 0;
  std::uint64_t pushed_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t dropped_events_ = 0;
  std::size_t heard_of_ = 0;  // subjects that the registry knew at the last sample that was taken
  std::uint64_t gap_ = 0;     // samples dropped since then
  model::Sample held_;
  std::vector<model::SubjectId> unheard_of_;
};

}  // namespace leakscope::session
