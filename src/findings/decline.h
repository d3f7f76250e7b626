#pragma once

#include "findings/facts.h"
#include "findings/judge.h"

namespace leakscope::findings {

/// How much memory became unavailable in the window, and which rows of the ledger took it.
[[nodiscard]] Decline decline_of(const Facts& facts);

}  // namespace leakscope::findings
