#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/series.h"
#include "session/evidence.h"

namespace leakscope::session {

/// Reads folders and archives of folders (snapshots, sosreports, copies of /proc) into one observation: each is one
/// moment of a history, in any order. Of several machines and boots the last counts. Archives are unpacked into a
/// directory of their own, which is gone when this returns. OOM reports of kernel logs in the folders are given, too.
[[nodiscard]] Result<Observed> observe_moments(const std::vector<Evidence::Part>& parts,
                                               const EvidenceOptions& options);

}  // namespace leakscope::session
