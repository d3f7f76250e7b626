#include "sources/tracing_frames.h"

#include <algorithm>
#include <string_view>

namespace leakscope::sources {
namespace {

// What has stood on the inner end of stacks from 5.10 to 7.2: kernel/trace/trace.c and trace_events.c, and what
// include/trace/trace_events.h and include/linux/tracepoint.h make for each event.
constexpr std::array<std::string_view, 12> kTracing{"trace_event_raw_event_",
                                                    "do_trace_event_raw_event_",
                                                    "trace_event_buffer_",
                                                    "trace_buffer_unlock_commit",
                                                    "__ftrace_trace_stack",
                                                    "__trace_stack",
                                                    "ftrace_",
                                                    "__traceiter_",
                                                    "__do_trace_",
                                                    "perf_trace_",
                                                    "stack_trace_save",
                                                    "event_triggers_"};

bool is_tracing_name(std::string_view name) {
  return std::ranges::any_of(kTracing, [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

bool TracingFrames::is_tracing(std::uint64_t address) {
  Known& known = known_[(address ^ (address >> 8U)) % known_.size()];
  if (known.address != address) {
    const auto found = symbols_->find(address);
    known = {.address = address, .is_tracing = found && is_tracing_name(found->name)};
  }
  return known.is_tracing;
}

std::span<const std::uint64_t> TracingFrames::without(std::span<const std::uint64_t> frames) {
  if (symbols_->size() == 0) return frames;
  std::size_t skipped = 0;
  while (skipped < frames.size() && is_tracing(frames[skipped])) ++skipped;
  return skipped == frames.size() ? frames : frames.subspan(skipped);
}

}  // namespace leakscope::sources
