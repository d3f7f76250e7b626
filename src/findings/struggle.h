#pragma once

#include <string>
#include <vector>

#include "findings/facts.h"

namespace leakscope::findings {

/// One sentence for each sign that the machine is short of memory, or of something countable, right now. No leak by
/// itself, but what a person must know: it swaps, scans, stalls, kills, or stands close to a limit.
[[nodiscard]] std::vector<std::string> struggle_of(const Facts& facts);

}  // namespace leakscope::findings
