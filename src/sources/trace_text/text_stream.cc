#include "sources/trace_text/text_stream.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::trace_text {
namespace {

constexpr std::uint64_t kPageSize = 4096;       // the text does not tell
constexpr std::uint64_t kZeroSizePointer = 16;  // ZERO_SIZE_PTR, include/linux/slab.h
constexpr std::size_t kMostEventNames = 64;
// So many events without a pointer, and none with one: reading on would not help.
constexpr std::uint64_t kEnoughHidden = 4096;

bool is_frame(std::string_view line) {
  if (line.empty()) return false;
  if (line.front() == '\t') return true;
  return line.starts_with(" => ") || line.starts_with("=> ");
}

model::Allocator allocator_of(KmemKind kind) {
  switch (kind) {
    case KmemKind::kPageAlloc:
    case KmemKind::kPageFree:
      return model::Allocator::kPages;
    case KmemKind::kPercpuAlloc:
    case KmemKind::kPercpuFree:
      return model::Allocator::kPercpu;
    default:
      return model::Allocator::kSlab;
  }
}

bool is_free(KmemKind kind) {
  return kind == KmemKind::kKfree || kind == KmemKind::kCacheFree || kind == KmemKind::kPageFree ||
         kind == KmemKind::kPercpuFree;
}

Error no_pointers(const std::string& name) {
  return Error{Error::Kind::kUnsupported, name, 0,
               "the kernel printed '(____ptrval____)' for every pointer, so that nothing can be matched",
               "Record with trace-cmd or perf, whose files have the pointers"};
}

}  // namespace

Result<std::span<const model::KmemEvent>> TextStream::next() {
  if (finished_) {
    if (error_) return std::unexpected(*std::exchange(error_, std::nullopt));
    return std::span<const model::KmemEvent>{};
  }
  std::string_view line;
  while (!pairing_.is_full()) {
    const auto step = feed_.next(line);
    std::optional<Error> error;
    if (!step) error = step.error();
    if (!step || *step == LineFeed::Step::kEnd || (has_no_pointers() && counts_.hidden >= kEnoughHidden)) {
      const auto last = end_with(std::move(error));
      if (last.empty() && error_) return std::unexpected(*std::exchange(error_, std::nullopt));
      return last;
    }
    take_line(line);
  }
  return pairing_.ready(false);
}

std::span<const model::KmemEvent> TextStream::end_with(std::optional<Error> error) {
  pairing_.end_stack();
  places_.finish();
  finished_ = true;
  error_ = std::move(error);
  if (!error_ && has_no_pointers()) error_ = no_pointers(name_);
  return pairing_.ready(true);
}

void TextStream::take_line(std::string_view line) {
  if (is_frame(line) && take_frame(line)) return;
  pairing_.end_stack();
  perf_stack_begun_ = false;
  const auto head = line.starts_with('#') ? std::nullopt : parse_line_head(line);
  if (head) {
    take_head(*head);
  } else {
    take_remark(line);
  }
}

bool TextStream::take_frame(std::string_view line) {
  const auto place = places_.of_stack_line(line);
  if (!place) return false;
  if (line.front() == '\t' && !perf_stack_begun_) {
    pairing_.begin_stack(perf_cpu_);
    perf_stack_begun_ = true;
  }
  pairing_.add_frame(*place);
  return true;
}

void TextStream::take_remark(std::string_view line) {
  const auto remark = parse_remark(line);
  if (!remark) {
    if (any_event_) ++counts_.strange_lines;
    return;
  }
  if (remark->lost) {
    counts_.lost += remark->lost_count.value_or(0);
    if (!remark->lost_count) ++counts_.lost_uncounted;
    if (remark->lost_cpu) pairing_.forget(*remark->lost_cpu);
  }
  counts_.overwritten += remark->overwritten.value_or(0);
  if (remark->cpus) facts_.host.cpus = remark->cpus;
  if (!remark->release.empty()) facts_.host.kernel_release = remark->release;
}

void TextStream::take_head(const LineHead& head) {
  if (head.event.starts_with("PERF_RECORD_")) {
    if (head.event.starts_with("PERF_RECORD_LOST")) take_lost(head.details);
    return;
  }
  any_event_ = true;
  most_cpu_ = std::max(most_cpu_, head.cpu);
  if (head.event.starts_with("<stack trace") || head.event == "kernel_stack") {
    pairing_.begin_stack(head.cpu);
    return;
  }
  if (head.event.starts_with("<user stack") || head.event == "user_stack") {
    pairing_.begin_foreign_stack();
    return;
  }
  ++facts_.events_read;
  perf_cpu_ = head.cpu;
  const auto kind = kmem_kind(head.event);
  if (kind && is_of_chosen_buffer(*kind, head.buffer)) {
    take_kmem(head, *kind);
  } else {
    pairing_.pass_over(head.cpu);
  }
}

// "lost 5".
void TextStream::take_lost(std::string_view details) {
  FieldCursor fields(details);
  (void)fields.next();
  const auto count = fields.next_number<std::uint32_t>();
  counts_.lost += count.value_or(0);
  if (!count) ++counts_.lost_uncounted;
}

// Several buffers (instances) may have recorded the same events: each kind is read from the buffer that shows it first.
bool TextStream::is_of_chosen_buffer(KmemKind kind, std::string_view buffer) {
  auto& chosen = buffers_[static_cast<std::size_t>(kind)];
  if (!chosen) chosen = std::string(buffer);
  if (*chosen == buffer) return true;
  ++counts_.doubled;
  return false;
}

void TextStream::take_kmem(const LineHead& head, KmemKind kind) {
  const auto line = parse_kmem_line(kind, head.details);
  if (!line) {
    ++counts_.strange_events;
    pairing_.pass_over(head.cpu);
    return;
  }
  ++facts_.kmem_events;
  ++kinds_[static_cast<std::size_t>(kind)];
  note_event(head.event);
  if (line->pointer_hidden) ++counts_.hidden;
  if (line->pointer_hashed && line->pointer > kZeroSizePointer) ++counts_.hashed;
  const std::uint64_t address = allocator_of(kind) == model::Allocator::kPages ? line->pfn * kPageSize : line->pointer;
  if (address <= kZeroSizePointer) {  // a failed allocation, kfree(NULL), kfree() of what kmalloc(0) gave
    pairing_.pass_over(head.cpu);
    return;
  }
  ++counts_.pointers;
  model::KmemEvent event = event_of(head, *line);
  event.address = address;
  Place site;
  if (!line->call_site.empty()) site = places_.of_call_site(line->call_site);
  event.call_site = site.address;
  pairing_.add(event, site);
}

model::KmemEvent TextStream::event_of(const LineHead& head, const KmemLine& line) {
  model::KmemEvent event;
  clock_is_strange_ = clock_is_strange_ || !head.has_seconds;
  if (head.time < last_time_) ++counts_.went_back;
  last_time_ = std::max(last_time_, head.time);
  event.time = last_time_;
  event.cpu = head.cpu;
  event.tid = head.tid;
  event.comm = names_.intern(head.comm);
  event.cache = names_.intern(line.cache);
  event.allocator = allocator_of(line.kind);
  event.is_free = is_free(line.kind);
  event.order = line.order;
  event.for_user_pages = line.for_user_pages;
  if (!event.is_free) set_sizes(line, event);
  return event;
}

void TextStream::set_sizes(const KmemLine& line, model::KmemEvent& event) const {
  event.bytes_requested = line.bytes_requested;
  event.bytes_allocated = line.bytes_allocated;
  if (event.allocator == model::Allocator::kPages) {
    event.bytes_requested = event.bytes_allocated = kPageSize << line.order;
  } else if (event.allocator == model::Allocator::kPercpu) {
    event.bytes_requested *= cpus();  // at most 2^40 bytes and 2^16 processors
    if (event.bytes_allocated == 0) event.bytes_allocated = event.bytes_requested;
  }
}

std::uint64_t TextStream::cpus() const {
  const std::uint64_t seen = std::uint64_t{most_cpu_} + 1;
  return std::max(seen, static_cast<std::uint64_t>(facts_.host.cpus.value_or(1)));
}

void TextStream::note_event(std::string_view name) {
  auto& seen = facts_.events_seen;
  if (std::ranges::find(seen, name) == seen.end() && seen.size() < kMostEventNames) seen.emplace_back(name);
}

std::vector<model::Loss> TextStream::losses() const {
  std::vector<model::Loss> all;
  const auto add = [&](std::string_view what, std::uint64_t count, std::uint64_t of = 0) {
    if (count > 0)
      all.push_back(model::Loss{.source = "trace text", .what = std::string(what), .count = count, .of = of});
  };
  add("events lost while recording", counts_.lost, counts_.lost + facts_.events_read);
  add("times that events were lost, nobody counted how many", counts_.lost_uncounted);
  add("events overwritten before the trace was read", counts_.overwritten);
  add("allocation events that could not be read", counts_.strange_events, counts_.strange_events + facts_.kmem_events);
  add("lines that are no events", counts_.strange_lines);
  add("lines that are too long", feed_.long_lines());
  add("last lines that are cut off", feed_.is_cut() ? 1 : 0);
  add("events whose pointer was hidden", counts_.hidden, facts_.kmem_events);
  add("call stacks that belong to no event", pairing_.stray_stacks());
  add("call stacks beyond the most that are kept", stacks_.refused());
  add("places in code beyond the most that are told apart", places_.refused());
  add("events whose time went back", counts_.went_back);
  return all;
}

}  // namespace leakscope::sources::trace_text
