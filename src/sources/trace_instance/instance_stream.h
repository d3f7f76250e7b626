#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sources/cpu_events.h"
#include "sources/event_merge.h"
#include "sources/kmem_stream.h"
#include "sources/ring_records.h"
#include "sources/trace_instance/instance.h"
#include "sources/trace_instance/task_names.h"
#include "sources/trace_instance/trace_instance.h"
#include "sources/tracing_frames.h"

namespace leakscope::sources::trace_instance {

/// One CPU's ring buffer, read page by page.
class LiveLane {
 public:
  LiveLane(std::uint32_t cpu, UniqueFd file, std::size_t page_size)
      : cpu_(cpu), file_(std::move(file)), events_(static_cast<std::uint16_t>(cpu), 0), page_(page_size) {}

  /// Reads what is there by now, up to so many pages. True: nothing is left. An error ends the lane.
  [[nodiscard]] bool drain(std::size_t most_pages, const RingPageLayout& layout, const RingTables& tables);
  void finish() { events_.finish(); }

  [[nodiscard]] std::span<const model::KmemEvent> ready() const { return events_.ready(); }
  void drop(std::size_t count) { events_.drop(count); }
  [[nodiscard]] bool refill() { return false; }
  [[nodiscard]] std::uint64_t last_time() const { return events_.last_time(); }
  [[nodiscard]] const CpuEvents::Counts& counts() const { return events_.counts(); }
  [[nodiscard]] std::uint32_t cpu() const { return cpu_; }

 private:
  std::uint32_t cpu_;
  UniqueFd file_;
  CpuEvents events_;
  std::vector<std::byte> page_;
};

/// Events of a running kernel in order of time. Rounds: all buffers are read until they are empty, and an event is
/// given out when it is not younger than the youngest that was known a round ago. What was older than that and not yet
/// in a buffer's turn when it was read then has been read now, so nothing older can come; no clock is compared.
class InstanceStream final : public KmemStream {
 public:
  struct Opened {
    std::unique_ptr<Instance> instance;
    RingRecords records;
    RingPageLayout layout;
    std::vector<LiveLane> lanes;
    std::vector<model::Coverage> coverage;
  };
  InstanceStream(Opened opened, TraceInstanceOptions options);
  ~InstanceStream() override;

  [[nodiscard]] Result<std::span<const model::KmemEvent>> next() override;
  [[nodiscard]] const TraceFacts& facts() const override { return facts_; }
  [[nodiscard]] const model::StackTable& stacks() const override { return stacks_; }
  [[nodiscard]] const model::NameTable& names() const override { return names_; }
  [[nodiscard]] const model::KernelSymbols& symbols() const override { return no_symbols_; }
  [[nodiscard]] std::vector<model::Loss> losses() const override;
  [[nodiscard]] std::vector<model::Coverage> coverage() const override;

 private:
  [[nodiscard]] bool is_over() const;
  void read_round();
  void end();
  void take_batch();
  void leave_out_own();
  void count();

  std::unique_ptr<Instance> instance_;
  TraceInstanceOptions options_;
  RingRecords records_;
  RingPageLayout layout_;
  model::KernelSymbols no_symbols_;
  model::StackTable stacks_;
  model::NameTable names_;
  TracingFrames tracing_;
  std::vector<std::uint32_t> owners_;
  RingTables tables_;
  std::vector<LiveLane> lanes_;
  TaskNames tasks_;
  EventMerge<LiveLane> merge_;
  std::vector<model::KmemEvent> batch_;
  std::vector<std::int32_t> own_;
  std::chrono::steady_clock::time_point own_looked_;
  std::chrono::steady_clock::time_point started_;
  std::uint64_t complete_until_ = 0;
  std::uint64_t youngest_ = 0;
  bool drained_ = true;
  bool ended_ = false;
  std::uint64_t overrun_ = 0;  // as the kernel counted, at the end
  std::vector<model::Coverage> coverage_;
  CpuEvents::Counts counts_;
  TraceFacts facts_;
};

}  // namespace leakscope::sources::trace_instance
