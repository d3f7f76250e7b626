#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace leakscope::sources::trace_text {

/// A line that is no event and no frame, but known:
///   tracefs    "# entries-in-buffer/entries-written: 140080/250280   #P:4", other "#" lines, "CPU:1 [LOST 123 EVENTS]"
///   trace-cmd  "cpus=4", "CPU 1 is empty", "CPU:0 [52 EVENTS DROPPED]"
///   perf       "# os release : 6.1.0-56-amd64", "# nrcpus avail : 4" (perf script --header)
/// Sources: kernel/trace/trace.c print_event_info(), print_trace_line(); trace-cmd's trace-read.c; checked with 6.1.
struct Remark {
  bool lost = false;                              ///< events were lost here
  std::optional<std::uint64_t> lost_count = {};   ///< nothing: nobody counted
  std::optional<std::uint16_t> lost_cpu = {};     ///< of whose events
  std::optional<std::uint64_t> overwritten = {};  ///< events that were no longer in the buffer when it was read
  std::optional<std::int64_t> cpus = {};
  std::string_view release = {};
};

/// Nothing when the line is none that is known.
[[nodiscard]] std::optional<Remark> parse_remark(std::string_view line);

}  // namespace leakscope::sources::trace_text
