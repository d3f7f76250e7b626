#include "sources/held_objects/ownership.h"

#include <tuple>

namespace leakscope::sources::held_objects {

bool Ownership::stands(const Claim& claim) const {
  const auto look = looks_.find(claim.process);
  return look != looks_.end() && look->second == claim.look;
}

void Ownership::claim(const ObjectKey& object, const ProcessId& process, bool reads) {
  const auto look = looks_.find(process);
  if (look == looks_.end()) return;
  const Claim mine{process, look->second, reads};
  const auto [at, is_new] = claims_.try_emplace(object, mine);
  if (is_new) return;
  Claim& known = at->second;
  const auto rank = [](const Claim& claim) { return std::tuple(!claim.reads, claim.process.start, claim.process.pid); };
  if (known.process == process) {
    const bool same_look = known.look == mine.look;
    known.reads = reads || (same_look && known.reads);
    known.look = mine.look;
  } else if (!stands(known) || rank(mine) < rank(known)) {
    known = mine;
  }
}

bool Ownership::owns(const ObjectKey& object, const ProcessId& process) const {
  const auto claim = claims_.find(object);
  return claim != claims_.end() && claim->second.process == process && stands(claim->second);
}

void Ownership::sweep() {
  std::erase_if(claims_, [this](const auto& entry) { return !stands(entry.second); });
}

}  // namespace leakscope::sources::held_objects
