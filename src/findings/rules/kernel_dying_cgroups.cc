#include "findings/rules/rules.h"

namespace leakscope::findings::rules {

using model::Metric;

void kernel_dying_cgroups(const Facts& facts, Drafts& drafts) {
  const Test* test = facts.test(Quantity::kDyingCgroups);
  if (test == nullptr || (!test->grows() && !is_notable(*test))) return;
  const model::SubjectId machine = model::Registry::machine_id();
  Draft draft = draft_of(facts, *test, "kernel.dying_cgroups");
  add_evidence(draft, facts, machine, Metric::kCgroupsDying, "removed cgroups that something still pins");
  add_steadiness(draft);
  add_evidence(draft, facts, machine, Metric::kCgroupsVisible, "visible ones");
  add_evidence(draft, facts, machine, Metric::kMeminfoPercpu, "Percpu");
  draft.confirmed = facts.rise(Metric::kCgroupsExisting) >= kHalfOfIt * draft.rise;
  drafts.push_back(std::move(draft));
}

}  // namespace leakscope::findings::rules
