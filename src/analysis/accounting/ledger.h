#pragma once

#include <functional>
#include <optional>

#include "model/ledger.h"
#include "model/metric.h"
#include "model/series.h"

namespace leakscope::analysis::accounting {

/// The ledger of the whole machine at the end of an observation, or at `time`: kernel.md's identity, built from
/// zoneinfo and vmstat first, meminfo where they have no counter. Rows whose counter this kernel lacks are left out.
[[nodiscard]] model::Ledger machine_ledger(const model::Observation& observation, std::optional<BootTime> time = {});

}  // namespace leakscope::analysis::accounting
