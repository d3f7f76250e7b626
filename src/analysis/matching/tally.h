#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analysis/matching/live_table.h"
#include "model/site_tally.h"

namespace leakscope::analysis::matching {

struct TallyOptions {
  std::uint64_t end_time = 0;  ///< since the first event
  std::uint64_t older = 0;     ///< what is younger than this counts apart
  std::uint64_t weight = 1;    ///< each object stands for so many
};

/// Tells the sites (by index) what of theirs is held: ages, what is young, which tasks allocated it. Puts the objects
/// into another order.
void tally_held(std::span<LiveObject> objects, const TallyOptions& options, std::span<model::SiteTally> sites);

}  // namespace leakscope::analysis::matching
