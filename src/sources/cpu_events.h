#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/kmem_event.h"
#include "model/name_table.h"
#include "model/stack_table.h"
#include "sources/ring_buffer_page.h"
#include "sources/ring_records.h"
#include "sources/tracing_frames.h"

namespace leakscope::sources {

/// What all buffers of one trace share while their pages are taken apart.
struct RingTables {
  const RingRecords& records;
  model::StackTable& stacks;
  model::NameTable& names;
  TracingFrames& tracing;
  /// By decoder: the buffer whose events of that kind count. An event that is enabled in several instances is in each
  /// of their buffers, but it was one; nobody (kNobody) until the first was seen.
  std::vector<std::uint32_t>& owners;
  static constexpr std::uint32_t kNobody = 0xFFFF'FFFF;
};

/// The allocations and frees of one CPU's ring buffer, page by page, each with the stack that follows it.
///
/// A stack is a record of its own behind its event. Interrupts come in between: event A, event B of an interrupt, B's
/// stack, A's stack. The two parts of a pair have the same task, flags and preempt count, so each stack goes to the
/// last event of its own context. Events whose stack may still come wait for the next page.
class CpuEvents {
 public:
  struct Counts {
    std::uint64_t records = 0;
    std::uint64_t doubled = 0;  ///< events that another buffer has as well
    std::uint64_t stacks = 0;
    std::uint64_t lost = 0;        ///< as the pages tell
    std::uint64_t lost_often = 0;  ///< times that events were lost and nobody counted them
    std::uint64_t broken_pages = 0;
  };

  CpuEvents(std::uint16_t cpu, std::uint32_t buffer) : cpu_(cpu), buffer_(buffer) {}

  void add_page(std::span<const std::byte> page, const RingPageLayout& layout, const RingTables& tables);
  /// No page will follow: nothing has to wait any more.
  void finish() { settled_ = events_.size(); }

  /// Events that are complete, in order of their time as far as the CPU's clock went forward.
  [[nodiscard]] std::span<const model::KmemEvent> ready() const {
    return std::span(events_).subspan(taken_, settled_ - taken_);
  }
  void drop(std::size_t count) { taken_ += count; }
  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] std::uint64_t last_time() const { return last_time_; }

 private:
  /// An event that may still get its stack, or one of no interest whose stack is none of ours.
  struct Open {
    std::uint64_t context = 0;
    std::size_t event = kNone;
  };
  static constexpr std::size_t kNone = SIZE_MAX;

  void add_record(const RingRecord& record, const RingTables& tables);
  void add_event(const RingRecord& record, std::uint8_t decoder, const RingTables& tables);
  void add_stack(std::span<const std::byte> record, const RingTables& tables);
  void open(std::uint64_t context, std::size_t event);
  void settle();
  void forget_taken();

  std::uint16_t cpu_;
  std::uint32_t buffer_;
  std::vector<model::KmemEvent> events_;
  std::size_t taken_ = 0;
  std::size_t settled_ = 0;
  std::array<Open, 4> open_{};  // task, softirq, irq, NMI: the innermost last
  std::size_t open_count_ = 0;
  std::vector<std::uint64_t> frames_;
  std::uint64_t last_time_ = 0;
  Counts counts_;
};

}  // namespace leakscope::sources
