#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/kmem_event.h"
#include "model/stack_table.h"
#include "sources/trace_text/place_table.h"

namespace leakscope::sources::trace_text {

/// Brings events and their call stacks together. tracefs and trace-cmd tell a stack as an event of its own, after the
/// event of the same CPU that it belongs to, and other CPUs' events may stand between them; perf prints it right behind
/// its event. So the last events are held back for a while.
class StackPairing {
 public:
  explicit StackPairing(model::StackTable& stacks) : stacks_(stacks) {}

  /// An event of interest; `site` is the place of its call_site.
  void add(const model::KmemEvent& event, const Place& site);
  /// An event of no interest: the next stack of this CPU is none of ours.
  void pass_over(std::uint16_t cpu);

  /// Events of this CPU were lost: the next stack may be of one of these.
  void forget(std::uint16_t cpu);

  /// The frames that follow belong to the last event of this CPU.
  void begin_stack(std::uint16_t cpu);
  /// The frames that follow are nobody's (a user stack).
  void begin_foreign_stack();
  void add_frame(const Place& frame);
  /// No more frames.
  void end_stack();

  /// Events that may be given out, in order; `at_end` all of them. They live until the next add().
  [[nodiscard]] std::span<const model::KmemEvent> ready(bool at_end);
  [[nodiscard]] bool is_full() const { return events_.size() - given_ >= kBatch + kHeldBack; }

  [[nodiscard]] std::uint64_t stacks_seen() const { return stacks_seen_; }
  /// Stacks that came too late, or to no event.
  [[nodiscard]] std::uint64_t stray_stacks() const { return stray_; }

  static constexpr std::size_t kBatch = 4096;
  static constexpr std::size_t kHeldBack = 512;

 private:
  static constexpr std::size_t kGone = static_cast<std::size_t>(-1);     // no event, or it was given out already
  static constexpr std::size_t kForeign = static_cast<std::size_t>(-2);  // an event of no interest

  // Events of one CPU whose stack has not come, in events_, the newest last. An interrupt's events and stacks may stand
  // between an event and its stack, so the newest gets the next one.
  struct Waiting {
    static constexpr std::size_t kMost = 8;
    std::array<std::size_t, kMost> events{};
    std::size_t count = 0;

    void push(std::size_t event);
    [[nodiscard]] std::size_t pop() { return count == 0 ? kGone : events[--count]; }
  };

  [[nodiscard]] Waiting& waiting_on(std::uint16_t cpu);
  void drop_given();
  void settle_call_site(model::KmemEvent& event, const Place& site);

  model::StackTable& stacks_;
  std::vector<model::KmemEvent> events_;
  std::vector<Place> sites_;      // of events_
  std::vector<Waiting> waiting_;  // by CPU
  std::size_t given_ = 0;         // of events_
  std::size_t target_ = kGone;    // whose stack is being told
  bool collecting_ = false;
  std::vector<Place> frames_;
  std::vector<std::uint64_t> addresses_;
  std::uint64_t stacks_seen_ = 0;
  std::uint64_t stray_ = 0;
};

}  // namespace leakscope::sources::trace_text
