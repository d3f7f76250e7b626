#include <fmt/format.h>

#include "findings/holders.h"
#include "findings/rules/rules.h"
#include "findings/text.h"

namespace leakscope::findings::rules {

using model::Metric;

/// In rounds of a load messages are counted exactly, where their slab cache moves by slabs.
void kernel_messages(const Facts& facts, Drafts& drafts) {
  const Test* test = facts.test(Quantity::kMessages);
  if (test == nullptr || (!test->grows() && !is_notable(*test))) return;
  const model::SubjectId machine = model::Registry::machine_id();
  Draft draft = draft_of(facts, *test, "kernel.messages");
  add_evidence(draft, facts, machine, Metric::kSysvMsgCount, "messages waiting");
  const double bytes = facts.rise(Metric::kSysvMsgBytes);
  if (bytes > 0 && draft.rise > 0) {
    add_evidence(draft, "/proc/sysvipc/msg",
                 fmt::format("{} of text, {} bytes per message", rise_text(model::Unit::kBytes, bytes),
                             amount_text(model::Unit::kCount, bytes / draft.rise)));
  }
  add_steadiness(draft);
  add_evidence(draft, facts, machine, Metric::kSysvMsgQueues, "queues");
  name_holders(draft, facts, {.messages = true}, bytes);
  drafts.push_back(std::move(draft));
}

}  // namespace leakscope::findings::rules
