#pragma once

#include <optional>

#include "base/error.h"
#include "report/document.h"
#include "session/trace_kernel.h"

namespace leakscope::session {

/// What to trace for the first finding of a diagnosis that is of the kernel and grows: its slab cache, the page
/// allocator, per-CPU memory or vmalloc. Nothing: no such finding, or none that tracing could help with (descriptors,
/// messages that a process keeps).
[[nodiscard]] std::optional<KernelTraceOptions> trace_for(const report::Document& diagnosis);

/// Traces that and adds what came out to the diagnosis: its sites, one more sentence, what it could not see. That it
/// could not trace is coverage, and the diagnosis stands.
void add_trace(report::Document& diagnosis, const KernelTraceOptions& options, const StopFlag& stop,
               const KernelTraceCallback& progress);

}  // namespace leakscope::session
