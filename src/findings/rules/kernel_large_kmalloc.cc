#include "findings/holders.h"
#include "findings/rules/rules.h"

namespace leakscope::findings::rules {

void kernel_large_kmalloc(const Facts& facts, Drafts& drafts) {
  const Test* test = facts.test(Quantity::kLargeKmalloc);
  if (test == nullptr || (!test->grows() && !is_notable(*test))) return;
  Draft draft = draft_of(facts, *test, "kernel.large_kmalloc");
  const model::SubjectId machine = model::Registry::machine_id();
  add_evidence(draft, facts, machine, model::Metric::kMeminfoSlab, "Slab");
  add_evidence(draft, facts, machine, model::Metric::kSlabTotalBytes, "all caches together");
  add_steadiness(draft);
  name_holders(draft, facts, {.sockets = true, .pipes = true, .messages = true, .bpf = true}, draft.rise);
  draft.confirmed = facts.rise(model::Metric::kMeminfoSUnreclaim) >= kHalfOfIt * draft.rise;
  drafts.push_back(std::move(draft));
}

}  // namespace leakscope::findings::rules
