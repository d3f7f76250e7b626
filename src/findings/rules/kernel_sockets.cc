#include <algorithm>

#include "findings/holders.h"
#include "findings/rules/rules.h"
#include "findings/text.h"

namespace leakscope::findings::rules {

using model::Metric;

void kernel_sockets(const Facts& facts, Drafts& drafts) {
  const Test* test = facts.test(Quantity::kSockets);
  if (test == nullptr || (!test->grows() && !is_notable(*test))) return;
  const model::SubjectId machine = model::Registry::machine_id();
  // Socket buffers are slab objects and plain pages: where a finding told these, the sockets are its evidence.
  for (Draft& draft : drafts) {
    const bool same_bytes = draft.finding.id == "kernel.slab.growth" || draft.finding.id == "kernel.residual" ||
                            draft.finding.id == "kernel.large_kmalloc";
    if (!same_bytes || !draft.alarms() || share_of(test->rise(), draft.rise) < kHalfOfIt) continue;
    add_evidence(draft, "/proc/net/sockstat", "socket buffers " + rise_text(model::Unit::kBytes, test->rise()));
    return;
  }
  Draft draft = draft_of(facts, *test, "kernel.sockets");
  add_evidence(draft, facts, machine, Metric::kSockTcpMem, "TCP buffers");
  add_evidence(draft, facts, machine, Metric::kSockUdpMem, "UDP buffers");
  add_evidence(draft, facts, machine, Metric::kSockSocketsUsed, "sockets");
  add_evidence(draft, facts, machine, Metric::kSockTcpOrphan, "TCP sockets that no descriptor holds");
  add_evidence(draft, facts, machine, Metric::kSockQueuedBytes, "in the queues of this network namespace");
  add_evidence(draft, facts, machine, Metric::kSockOrphanBytes, "of these, of sockets that no descriptor holds");
  add_steadiness(draft);
  name_holders(draft, facts, {.sockets = true}, draft.rise);
  const Test* lost = facts.test(Quantity::kAvailableLost);
  draft.confirmed = lost != nullptr && lost->rise() >= kHalfOfIt * draft.rise;
  drafts.push_back(std::move(draft));
}

}  // namespace leakscope::findings::rules
