#pragma once

#include <string>

#include "model/ledger.h"
#include "model/series.h"

namespace leakscope::findings {

/// One sentence on what stands out in a single look at a machine: what is nearly used up, or what holds an unusual
/// share. A single look shows levels, never growth, and the sentence says how to see growth.
[[nodiscard]] std::string standout_of(const model::Observation& observation, const model::Ledger& ledger);

}  // namespace leakscope::findings
