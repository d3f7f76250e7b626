#include <fmt/format.h>

#include "findings/rules/rules.h"
#include "findings/text.h"

namespace leakscope::findings::rules {

using model::Metric;

void kernel_stacks(const Facts& facts, Drafts& drafts) {
  const Test* test = facts.test(Quantity::kStacks);
  if (test == nullptr || (!test->grows() && !is_notable(*test))) return;
  // Threads of programs that were told bring their stacks along.
  const double tasks = facts.rise(Metric::kTasksTotal);
  const double threads = alarmed_rise(drafts, "user.threads");
  Draft* told = alarm_of(drafts, "user.threads");
  if (told == nullptr) told = alarm_of(drafts, "limit.pids");
  const bool explained = threads > 0 && (tasks <= 0 || share_of(threads, tasks) >= kHalfOfIt);
  if (told != nullptr && (explained || told->finding.id == "limit.pids")) {
    told->absorbed += test->rise();
    add_evidence(*told, "/proc/meminfo",
                 "kernel stacks " + rise_text(model::Unit::kBytes, test->rise()) + " along with it");
    return;
  }
  const model::SubjectId machine = model::Registry::machine_id();
  Draft draft = draft_of(facts, *test, "kernel.stacks");
  add_evidence(draft, facts, machine, Metric::kMeminfoKernelStack, "KernelStack");
  add_steadiness(draft);
  add_evidence(draft, facts, machine, Metric::kTasksTotal, "threads in the system");
  draft.confirmed = tasks > 0;
  drafts.push_back(std::move(draft));
}

}  // namespace leakscope::findings::rules
