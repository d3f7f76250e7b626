#include "session/remedies.h"

#include <unistd.h>

#include <string_view>

namespace leakscope::session {
namespace {

using State = model::Coverage::State;

bool wants_root(std::string_view remedy) {
  return remedy.starts_with("run as root") || remedy.starts_with("Run as root");
}

std::string_view live_remedy(State state) {
  if (state == State::kAbsent) return "";
  return "protected even from root (a container or user namespace, a security module, lockdown or ptrace "
         "restrictions); "
         "if this is a container, run it on the host";
}

std::string_view tree_remedy(State state) {
  if (state == State::kAbsent) return "copy it from the machine too: it is not in this tree";
  return "copy it from the machine again: it may not be read in this tree";
}

}  // namespace

Viewer viewer_of(const RootedDir& root) { return {.is_root = ::geteuid() == 0, .is_live = root.is_live()}; }

void correct_remedies(std::vector<model::Coverage>& entries, const Viewer& viewer) {
  for (model::Coverage& entry : entries) {
    const bool absent = entry.state == State::kAbsent;
    if (wants_root(entry.remedy) && (viewer.is_root || absent)) {
      entry.remedy = viewer.is_live ? live_remedy(entry.state) : tree_remedy(entry.state);
    } else if (!viewer.is_live && absent && entry.remedy.starts_with("mount ")) {
      entry.remedy = tree_remedy(entry.state);
    }
  }
}

}  // namespace leakscope::session
