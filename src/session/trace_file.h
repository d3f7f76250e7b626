#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "report/document.h"
#include "session/trace_options.h"

namespace leakscope::session {

/// Whether these first bytes are those of a trace that trace_file() reads: trace.dat, perf.data, or the text of
/// trace_pipe, `trace-cmd report` or `perf script`.
[[nodiscard]] bool looks_like_trace(std::string_view beginning);

/// Matches allocations with frees in a trace that somebody recorded, and judges its call sites. "-" is standard input.
/// What the file does not have (pages, per-CPU memory) is passed over in silence only where it was not asked for.
[[nodiscard]] Result<report::Document> trace_file(const std::string& path, const TraceOptions& options);

}  // namespace leakscope::session
