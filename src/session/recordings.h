#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/series.h"

namespace leakscope::session {

/// Reads recordings into one observation, ready to be judged. Several are parts of one history, in any order; "-" is
/// standard input. Memory begins anew with each boot, so only the last boot counts: what was recorded of earlier ones
/// is left out, and coverage says so.
[[nodiscard]] Result<std::unique_ptr<model::Observation>> observe_recordings(std::vector<std::string> paths);

}  // namespace leakscope::session
