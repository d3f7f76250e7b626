#include "sources/cpu_events.h"

#include <algorithm>
#include <bit>

namespace leakscope::sources {
namespace {

// A stack follows its event at once, but for interrupts in between: after so many events it will not come.
constexpr std::size_t kMostWaiting = 256;
constexpr std::uint64_t kPidMask = 0xFFFF'FFFF'0000'0000;

std::uint64_t pid_of(std::uint64_t context) {
  // common_pid is the second half of the common fields in either byte order.
  return std::endian::native == std::endian::little ? context & kPidMask : context & ~kPidMask;
}

}  // namespace

void CpuEvents::forget_taken() {
  if (taken_ == 0) return;
  for (std::size_t i = 0; i < open_count_; ++i) {
    Open& open = open_[i];
    if (open.event != kNone) open.event = open.event < taken_ ? kNone : open.event - taken_;
  }
  events_.erase(events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(taken_));
  settled_ -= taken_;
  taken_ = 0;
}

void CpuEvents::open(std::uint64_t context, std::size_t event) {
  // Another task runs: what the one before left open stays without a stack.
  if (open_count_ > 0 && pid_of(open_[0].context) != pid_of(context)) open_count_ = 0;
  // Back in a context, interrupts within it are over.
  for (std::size_t i = 0; i < open_count_; ++i) {
    if (open_[i].context == context) open_count_ = i;
  }
  if (open_count_ == open_.size()) {
    std::shift_left(open_.begin(), open_.end(), 1);
    --open_count_;
  }
  open_[open_count_++] = {.context = context, .event = event};
}

void CpuEvents::settle() {
  std::size_t settled = events_.size();
  for (std::size_t i = 0; i < open_count_; ++i) {
    if (open_[i].event == kNone) continue;
    if (events_.size() - open_[i].event > kMostWaiting) {
      open_[i].event = kNone;
      continue;
    }
    settled = std::min(settled, open_[i].event);
  }
  settled_ = std::max(settled_, settled);
}

void CpuEvents::add_event(const RingRecord& record, std::uint8_t decoder, const RingTables& tables) {
  const std::uint64_t context = RingRecords::context(record.payload);
  std::uint32_t& owner = tables.owners[decoder];
  if (owner == RingTables::kNobody) owner = buffer_;
  if (owner != buffer_) {
    ++counts_.doubled;
    open(context, kNone);
    return;
  }
  model::KmemEvent& event = events_.emplace_back();
  if (!tables.records.decoder(decoder).decode(record.payload, tables.names, event)) {
    events_.pop_back();
    open(context, kNone);
    return;
  }
  event.time = record.time;
  event.cpu = cpu_;
  open(context, events_.size() - 1);
}

void CpuEvents::add_stack(std::span<const std::byte> record, const RingTables& tables) {
  ++counts_.stacks;
  const std::uint64_t context = RingRecords::context(record);
  for (std::size_t i = open_count_; i-- > 0;) {
    if (open_[i].context != context) continue;
    if (open_[i].event != kNone) {
      tables.records.read_frames(record, frames_);
      events_[open_[i].event].stack = tables.stacks.intern(tables.tracing.without(frames_));
    }
    open_count_ = i;
    return;
  }
}

void CpuEvents::add_record(const RingRecord& record, const RingTables& tables) {
  ++counts_.records;
  const RingRecords::What what = tables.records.what(record.payload);
  switch (what.kind) {
    case RingRecords::Kind::kKmem:
      return add_event(record, what.decoder, tables);
    case RingRecords::Kind::kStack:
      return add_stack(record.payload, tables);
    case RingRecords::Kind::kOther:
      return open(RingRecords::context(record.payload), kNone);
  }
}

void CpuEvents::add_page(std::span<const std::byte> bytes, const RingPageLayout& layout, const RingTables& tables) {
  forget_taken();
  auto page = RingPage::open(bytes, layout);
  if (!page) {
    ++counts_.broken_pages;
    return;
  }
  if (page->lost_before() != 0U) {
    page->lost_before() ? counts_.lost += *page->lost_before() : ++counts_.lost_often;
    // The stack of the last event may be among what was lost, and the next stack be another's.
    open_count_ = 0;
  }
  while (const auto record = page->next()) {
    add_record(*record, tables);
    last_time_ = record->time;
  }
  if (page->is_broken()) ++counts_.broken_pages;
  settle();
}

}  // namespace leakscope::sources
