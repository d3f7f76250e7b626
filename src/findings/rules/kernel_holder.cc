#include "findings/rules/rules.h"

namespace leakscope::findings::rules {

using model::Metric;

namespace {

/// What a balloon takes goes to the hypervisor, when and as it asks: less memory for this machine, and no leak in it.
void say_whose_wish_it_is(Draft& draft) {
  if (!draft.finding.subject.key.name.ends_with("balloon")) return;
  if (draft.alarms()) draft.finding.state = State::kFollowsLoad;
  add_evidence(draft, "holder", "the hypervisor asks for it, and gives it back or not");
}

}  // namespace

void kernel_holder(const Facts& facts, Drafts& drafts) {
  for (const Test& test : facts.tests(Quantity::kHolder)) {
    if (!test.grows() && !is_notable(test)) continue;
    Draft draft = draft_of(facts, test, "kernel.holder");
    add_evidence(draft, facts, test.subject, Metric::kHolderBytes, "holds");
    add_steadiness(draft);
    if (!draft.finding.subject.detail.empty()) add_evidence(draft, "holder", draft.finding.subject.detail);
    say_whose_wish_it_is(draft);
    const bool elsewhere = facts.observation().last(test.subject, Metric::kHolderCounted).value_or(0) != 0;
    if (elsewhere) add_evidence(draft, "ledger", "its pages stand in another row of the ledger too");
    const Test* lost = facts.test(Quantity::kAvailableLost);
    draft.confirmed = lost != nullptr && lost->rise() >= kHalfOfIt * draft.rise;
    drafts.push_back(std::move(draft));
  }
}

}  // namespace leakscope::findings::rules
