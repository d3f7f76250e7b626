#include "findings/holders.h"
#include "findings/rules/rules.h"

namespace leakscope::findings::rules {
namespace {

using model::Metric;

/// Counters of a memory cgroup are per CPU: they stay as long as it does.
bool comes_with_removed_cgroups(Drafts& drafts, double rise) {
  constexpr double kMostOfOne = 64.0 * 1024;
  Draft* told = alarm_of(drafts, "kernel.dying_cgroups");
  if (told == nullptr || rise > kMostOfOne * told->rise) return false;
  told->absorbed += rise;
  return true;
}

}  // namespace

void kernel_percpu(const Facts& facts, Drafts& drafts) {
  const Test* test = facts.test(Quantity::kPercpu);
  if (test == nullptr || (!test->grows() && !is_notable(*test))) return;
  if (comes_with_removed_cgroups(drafts, test->rise())) return;
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
