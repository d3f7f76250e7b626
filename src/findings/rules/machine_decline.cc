#include <algorithm>

#include "findings/rules/rules.h"

namespace leakscope::findings::rules {

using model::Metric;

/// The last word: available memory falls by every gate, and what the other rules told does not explain it.
void machine_decline(const Facts& facts, Drafts& drafts) {
  const Test* lost = facts.test(Quantity::kAvailableLost);
  constexpr double kFloor = 4.0 * 1024 * 1024;
  if (lost == nullptr || !lost->grows() || lost->rise() < kFloor) return;
  double explained = 0;
  for (const Draft& draft : drafts) {
    const bool gives_back = draft.finding.state == State::kCache || draft.finding.unit != model::Unit::kBytes;
    if (!gives_back) explained += std::max(0.0, draft.rise);
    explained += draft.absorbed;
  }
  if (share_of(explained, lost->rise()) >= kHalfOfIt) return;
  const model::SubjectId machine = model::Registry::machine_id();
  Draft draft = draft_of(facts, *lost, "machine.decline");
  draft.finding.level = facts.observation().last(machine, Metric::kMeminfoMemAvailable);
  add_evidence(draft, facts, machine, Metric::kMeminfoMemAvailable, "MemAvailable");
  add_evidence(draft, facts, machine, Metric::kMeminfoSwapFree, "SwapFree");
  add_steadiness(draft);
  add_evidence(draft, facts, machine, Metric::kMeminfoAnonPages, "AnonPages");
  add_evidence(draft, facts, machine, Metric::kMeminfoShmem, "Shmem");
  add_evidence(draft, facts, machine, Metric::kMeminfoSUnreclaim, "SUnreclaim");
  drafts.push_back(std::move(draft));
}

}  // namespace leakscope::findings::rules
