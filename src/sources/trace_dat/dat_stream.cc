#include "sources/trace_dat/dat_stream.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::trace_dat {
namespace {

constexpr std::size_t kBatch = 4096;
constexpr std::string_view kName = "trace.dat";
// Blocks read at once, less for each of many CPUs: 64 MiB for a thousand.
constexpr std::size_t kBlockBytes = std::size_t{256} << 10U;
constexpr std::size_t kSmallBlockBytes = std::size_t{64} << 10U;
constexpr std::size_t kManyLanes = 64;

/// Clocks whose unit is a nanosecond. Source: trace_clocks[] in kernel/trace/trace.c; "x86-tsc" and "counter" count
/// something else.
constexpr std::array<std::string_view, 9> kNanosecondClocks{"local",    "global", "uptime", "perf",    "mono",
                                                            "mono_raw", "boot",   "tai",    "tsc2nsec"};

}  // namespace

bool DatLane::refill() {
  while (events_.ready().empty()) {
    const auto page = feed_.next();
    if (!page) {
      events_.finish();
      return !events_.ready().empty();
    }
    events_.add_page(*page, layout_, *tables_);
  }
  return true;
}

DatStream::DatStream(DatFile file, DatHeader header, RingRecords records)
    : file_(std::move(file)),
      header_(std::move(header)),
      records_(std::move(records)),
      commands_(names_),
      tracing_(header_.symbols),
      owners_(records_.event_names().size(), RingTables::kNobody),
      tables_{records_, stacks_, names_, tracing_, owners_} {
  for (const Command& command : header_.commands) commands_.put(Pid{command.tid}, command.comm);
  make_lanes();
  fill_facts();
  batch_.reserve(kBatch * 2);
}

void DatStream::make_lanes() {
  std::size_t count = 0;
  for (const Buffer& buffer : header_.buffers) count += buffer.cpus.size();
  const std::size_t block = count > kManyLanes ? kSmallBlockBytes : kBlockBytes;
  lanes_.reserve(count);
  for (std::uint32_t i = 0; i < header_.buffers.size(); ++i) {
    const Buffer& buffer = header_.buffers[i];
    RingPageLayout layout = *header_.layout;
    layout.page_size = buffer.page_size;
    for (const CpuData& data : buffer.cpus) {
      if (data.cpu > std::numeric_limits<std::uint16_t>::max()) continue;
      lanes_.emplace_back(PageFeed(file_, header_, data, buffer.page_size, block),
                          CpuEvents(static_cast<std::uint16_t>(data.cpu), i), layout, tables_);
    }
  }
}

void DatStream::fill_facts() {
  // "Linux host 6.1.0-56-amd64 x86_64"
  FieldCursor words(header_.uname);
  (void)words.next();
  facts_.host.hostname = std::string(words.next().value_or(""));
  facts_.host.kernel_release = std::string(words.next().value_or(""));
  facts_.host.machine = std::string(words.next().value_or(""));
  facts_.host.cpus = records_.machine().cpus;
  facts_.host.page_size = PageSize{header_.page_size};
  facts_.events_seen = records_.event_names();
}

std::uint64_t DatStream::to_nanoseconds(std::uint64_t time) const {
  if (header_.tsc) {
    __extension__ using Wide = unsigned __int128;
    const auto wide = static_cast<Wide>(time) * header_.tsc->mult >> header_.tsc->shift;
    time = static_cast<std::uint64_t>(wide) + header_.tsc->offset;
  }
  if (header_.time_offset < 0) {
    const auto back = static_cast<std::uint64_t>(-(header_.time_offset + 1)) + 1;
    return time > back ? time - back : 0;
  }
  return time + static_cast<std::uint64_t>(header_.time_offset);
}

/// Without a clock's name it was "local".
bool DatStream::clock_counts_nanoseconds() const {
  return header_.clock.empty() || header_.tsc ||
         std::ranges::find(kNanosecondClocks, header_.clock) != kNanosecondClocks.end();
}

void DatStream::finish_batch() {
  const bool scaled = header_.tsc || header_.time_offset != 0;
  for (model::KmemEvent& event : batch_) {
    if (scaled) event.time = last_time_ = std::max(last_time_, to_nanoseconds(event.time));
    event.comm = commands_.of(event.tid);
  }
  if (facts_.kmem_events == 0 && !batch_.empty() && header_.wall_offset) {
    const auto first = checked_add(static_cast<std::int64_t>(batch_.front().time), *header_.wall_offset);
    if (first && *first > 0) facts_.start = WallTime{Nanoseconds(*first)};
  }
  facts_.kmem_events += batch_.size();
}

void DatStream::count() {
  counts_ = {};
  for (const DatLane& lane : lanes_) {
    const CpuEvents::Counts& of = lane.counts();
    counts_.records += of.records;
    counts_.doubled += of.doubled;
    counts_.stacks += of.stacks;
    counts_.lost += of.lost;
    counts_.lost_often += of.lost_often;
    counts_.broken_pages += of.broken_pages;
  }
  facts_.events_read = counts_.records;
}

Result<std::span<const model::KmemEvent>> DatStream::next() {
  batch_.clear();
  if (!started_) merge_.start(lanes_);
  started_ = true;
  merge_.take(batch_, kBatch, std::numeric_limits<std::uint64_t>::max());
  ended_ = batch_.empty();
  finish_batch();
  count();
  return batch_;
}

std::vector<model::Loss> DatStream::losses() const {
  const std::string source(kName);
  std::vector<model::Loss> losses;
  const auto add = [&](std::string_view what, std::uint64_t count, std::uint64_t of) {
    if (count > 0) losses.push_back({source, std::string(what), count, of});
  };
  // The kernel's own count at the end (CPUSTAT) includes what the pages tell, and what was lost after the last page.
  const std::uint64_t lost = std::max(counts_.lost, header_.overrun);
  add("events lost in full ring buffers", lost, counts_.records + lost);
  add("times events were lost and not counted", counts_.lost_often, 0);
  std::uint64_t missing = 0;
  for (const DatLane& lane : lanes_) missing += lane.feed().missing();
  add("bytes of the file cut off or unreadable", missing, 0);
  add("pages that are broken", counts_.broken_pages, 0);
  add("call stacks beyond what is kept", stacks_.refused(), counts_.stacks);
  return losses;
}

std::vector<model::Coverage> DatStream::coverage() const {
  using State = model::Coverage::State;
  std::vector<model::Coverage> entries;
  const auto add = [&](std::string_view source, State state, std::string why, std::string remedy = {}) {
    entries.push_back({std::string(source), state, std::move(why), std::move(remedy)});
  };
  for (const Error& problem : header_.problems) add(kName, State::kPartial, to_string(problem));
  for (std::size_t i = 0; ended_ && i < owners_.size(); ++i) {
    if (owners_[i] != RingTables::kNobody) continue;
    add(fmt::format("trace.{}", records_.event_names()[i]), State::kAbsent,
        "the trace has none: it was not recorded, or did not happen");
  }
  if (ended_ && counts_.stacks == 0) {
    add("trace.stacks", State::kAbsent, "no call stacks were recorded", "trace-cmd record -T -e kmem -e percpu");
  }
  if (header_.symbols_error) {
    entries.push_back(model::coverage_from_error("trace.symbols", *header_.symbols_error));
  } else if (header_.symbols.size() == 0) {
    add("trace.symbols", State::kAbsent, "the trace has no kernel symbols");
  }
  if (counts_.doubled > 0) {
    add("trace.buffers", State::kPartial,
        fmt::format("{} events stand in a second buffer as well, and count once", counts_.doubled));
  }
  if (!clock_counts_nanoseconds()) {
    add("trace.clock", State::kPartial,
        fmt::format("the clock '{}' does not count nanoseconds: rates and ages are in its own unit", header_.clock),
        "trace-cmd record -C mono");
  }
  return entries;
}

}  // namespace leakscope::sources::trace_dat
