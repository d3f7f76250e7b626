#include "findings/holders.h"
#include "findings/rules/rules.h"

namespace leakscope::findings::rules {

using model::Metric;

void kernel_percpu(const Facts& facts, Drafts& drafts) {
  const Test* test = facts.test(Quantity::kPercpu);
  if (test == nullptr || (!test->grows() && !is_notable(*test))) return;
  const model::SubjectId machine = model::Registry::machine_id();
  Draft draft = draft_of(facts, *test, "kernel.percpu");
  add_evidence(draft, facts, machine, Metric::kMeminfoPercpu, "Percpu");
  add_steadiness(draft);
  const Test* dying = facts.test(Quantity::kDyingCgroups);
  if (dying != nullptr && dying->rise() > 0) {
    add_evidence(draft, facts, machine, Metric::kCgroupsDying, "removed cgroups that keep theirs");
  }
  name_holders(draft, facts, {.bpf = true}, draft.rise);
  const Test* lost = facts.test(Quantity::kAvailableLost);
  draft.confirmed = lost != nullptr && lost->rise() >= kHalfOfIt * draft.rise;
  drafts.push_back(std::move(draft));
}

}  // namespace leakscope::findings::rules
