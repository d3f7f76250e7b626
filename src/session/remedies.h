#pragma once

#include <vector>

#include "base/rooted_dir.h"
#include "model/coverage.h"

namespace leakscope::session {

/// Who looks, and at what.
struct Viewer {
  bool is_root = false;  ///< by the effective user id
  bool is_live = true;   ///< at the live machine; else at a tree that was copied from one
};

[[nodiscard]] Viewer viewer_of(const RootedDir& root);

/// Sources name "run as root" as the remedy of what only root may read: they know neither who looks nor whether they
/// look at a machine or at a copy. Where that is no remedy (we are root already; or the thing is not there, which no
/// right changes; or it would have to be mounted, in a copy) this puts the true one in its place.
void correct_remedies(std::vector<model::Coverage>& entries, const Viewer& viewer);

}  // namespace leakscope::session
