#include "findings/holders.h"
#include "findings/rules/rules.h"

namespace leakscope::findings::rules {
namespace {

using model::Metric;

void finish(Draft& draft, const Facts& facts) {
  const model::SubjectId machine = model::Registry::machine_id();
  add_evidence(draft, facts, machine, Metric::kBpfMapsTotal, "all maps");
  add_evidence(draft, facts, machine, Metric::kBpfMapsCount, "maps");
  add_evidence(draft, facts, machine, Metric::kBpfProgramsCount, "programs");
  add_evidence(draft, facts, machine, Metric::kBpfProgramsTotal, "all programs");
  add_steadiness(draft);
  const double bytes = facts.rise(Metric::kBpfMapsTotal);
  name_holders(draft, facts, {.bpf = true}, bytes);
  draft.confirmed = facts.rise(Metric::kMeminfoVmallocUsed) + facts.rise(Metric::kMeminfoPercpu) +
                        facts.rise(Metric::kMeminfoSUnreclaim) >=
                    kHalfOfIt * bytes;
}

}  // namespace

void kernel_bpf(const Facts& facts, Drafts& drafts) {
  bool told = false;
  for (const Test& test : facts.tests(Quantity::kBpfMap)) {
    if (!test.grows() && !is_notable(test)) continue;
    Draft draft = draft_of(facts, test, "kernel.bpf");
    draft.finding.subject.key.name = "map " + draft.finding.subject.key.name;
    add_evidence(draft, facts, test.subject, Metric::kBpfMapBytes, "memory of the map");
    finish(draft, facts);
    told = told || draft.alarms();
    drafts.push_back(std::move(draft));
  }
  // More and more maps or programs, each of them small: bytes if they show, else the count.
  for (const Quantity quantity : {Quantity::kBpfBytes, Quantity::kBpfMaps, Quantity::kBpfPrograms}) {
    const Test* test = facts.test(quantity);
    if (told || test == nullptr || (!test->grows() && !is_notable(*test))) continue;
    Draft draft = draft_of(facts, *test, "kernel.bpf");
    finish(draft, facts);
    told = draft.alarms();
    drafts.push_back(std::move(draft));
  }
}

}  // namespace leakscope::findings::rules
