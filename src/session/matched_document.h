#pragma once

#include <string>

#include "analysis/matching/matcher.h"
#include "model/kernel_symbols.h"
#include "report/document.h"
#include "session/reclaimable.h"
#include "session/trace_options.h"
#include "sources/kmem_stream.h"

namespace leakscope::session {

/// What of a stream's events the matching looks at.
[[nodiscard]] analysis::matching::Options matching_options(const TraceOptions& options);

/// Puts what matching a stream gave into a document: the judged profile, what the stream could not see, and what it
/// lost. `name` is where the events came from.
void put_matched(analysis::matching::Matched matched, const sources::KmemStream& stream,
                 const model::KernelSymbols& symbols, IsReclaimable is_reclaimable, const TraceOptions& options,
                 const std::string& name, report::Document& document);

}  // namespace leakscope::session
