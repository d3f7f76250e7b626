#pragma once

#include "base/error.h"
#include "report/document.h"
#include "session/source_set.h"

namespace leakscope::session {

/// What this machine lets us see: every source and every capability with ok, absent or denied, why, and the exact
/// command that opens it. Changes nothing.
[[nodiscard]] Result<report::Document> examine(const SourceOptions& options, const StopFlag& stop);

}  // namespace leakscope::session
