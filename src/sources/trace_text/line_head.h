#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/process_id.h"

namespace leakscope::sources::trace_text {

/// What an event's line begins with, whoever printed it:
///   tracefs    "            bash-25552   [001] .Ns1. 13951.187823: mm_page_free: page=..."
///              "            bash-25552   (  25552) [001] ..... 13951.434922: kfree: call_site=..."  (record-tgid)
///   trace-cmd  "              sh-298   [000]    52.323350: kmalloc:              (alloc_bprm+0x32) call_site=..."
///              "inst:            mkdir-368   [001]    81.446002: kmalloc: ..."  (of a buffer other than the main one)
///   perf       "            perf 25266 [000] 13910.072335:               kmem:kmalloc: call_site=..."
/// Sources: kernel/trace/trace_output.c trace_print_context(), libtraceevent tep_print_event(), tools/perf
/// builtin-script.c; checked with 5.10 to 6.18. Views point into the line.
struct LineHead {
  std::string_view comm;    ///< raw; empty where the tool did not know it ("<...>", perf's ":1234")
  std::string_view buffer;  ///< whose buffer it is from; empty: not told, or the main one
  Pid tid;                  ///< 0: the idle task
  std::uint16_t cpu = 0;
  std::uint64_t time = 0;    ///< nanoseconds; the figure itself when it has no point
  bool has_seconds = true;   ///< false: the trace's clock counts something else ("x86-tsc", "counter")
  std::string_view event;    ///< "kmalloc", without perf's "kmem:"; "<stack trace>" for tracefs' stacks
  std::string_view details;  ///< what follows the event's name, blanks removed
};

/// Nothing when the line is no event's.
[[nodiscard]] std::optional<LineHead> parse_line_head(std::string_view line);

}  // namespace leakscope::sources::trace_text
