#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sources/cpu_events.h"
#include "sources/event_merge.h"
#include "sources/kmem_stream.h"
#include "sources/ring_records.h"
#include "sources/trace_commands.h"
#include "sources/trace_dat/dat_file.h"
#include "sources/trace_dat/dat_header.h"
#include "sources/trace_dat/page_feed.h"
#include "sources/tracing_frames.h"

namespace leakscope::sources::trace_dat {

/// One CPU of one buffer: its pages, and what they hold.
class DatLane {
 public:
  DatLane(PageFeed feed, CpuEvents events, const RingPageLayout& layout, const RingTables& tables)
      : feed_(std::move(feed)), events_(std::move(events)), layout_(layout), tables_(&tables) {}

  [[nodiscard]] std::span<const model::KmemEvent> ready() const { return events_.ready(); }
  void drop(std::size_t count) { events_.drop(count); }
  [[nodiscard]] bool refill();

  [[nodiscard]] const CpuEvents::Counts& counts() const { return events_.counts(); }
  [[nodiscard]] const PageFeed& feed() const { return feed_; }

 private:
  PageFeed feed_;
  CpuEvents events_;
  RingPageLayout layout_;
  const RingTables* tables_;
};

/// A trace.dat as a stream. Holds its header, and of each CPU one block of pages and the events of one page.
class DatStream final : public KmemStream {
 public:
  DatStream(DatFile file, DatHeader header, RingRecords records);

  [[nodiscard]] Result<std::span<const model::KmemEvent>> next() override;
  [[nodiscard]] const TraceFacts& facts() const override { return facts_; }
  [[nodiscard]] const model::StackTable& stacks() const override { return stacks_; }
  [[nodiscard]] const model::NameTable& names() const override { return names_; }
  [[nodiscard]] const model::KernelSymbols& symbols() const override { return header_.symbols; }
  [[nodiscard]] std::vector<model::Loss> losses() const override;
  [[nodiscard]] std::vector<model::Coverage> coverage() const override;

 private:
  void make_lanes();
  void fill_facts();
  void finish_batch();
  void count();
  [[nodiscard]] std::uint64_t to_nanoseconds(std::uint64_t time) const;
  [[nodiscard]] bool clock_counts_nanoseconds() const;

  DatFile file_;
  DatHeader header_;
  RingRecords records_;
  model::StackTable stacks_;
  model::NameTable names_;
  TraceCommands commands_;
  TracingFrames tracing_;
  std::vector<std::uint32_t> owners_;
  RingTables tables_;
  std::vector<DatLane> lanes_;
  EventMerge<DatLane> merge_;
  bool started_ = false;
  bool ended_ = false;
  std::vector<model::KmemEvent> batch_;
  std::uint64_t last_time_ = 0;
  TraceFacts facts_;
  CpuEvents::Counts counts_;  // of all lanes
};

}  // namespace leakscope::sources::trace_dat
