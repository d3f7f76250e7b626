#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/series.h"
#include "session/evidence.h"

namespace leakscope::session {

/// Reads recordings into one observation, ready to be judged. Several are parts of one history, in any order; "-" is
/// standard input. Memory begins anew with each boot, so only the last boot counts: what was recorded of earlier ones
/// is left out, and coverage says so. With `until` the recording is read as if it had ended then: with a time, the last
/// boot that was recorded before it counts.
[[nodiscard]] Result<std::unique_ptr<model::Observation>> observe_recordings(std::vector<std::string> paths,
                                                                             std::optional<Until> until = {});

}  // namespace leakscope::session
