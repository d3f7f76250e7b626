#include <utility>

#include "findings/rules/members.h"
#include "findings/rules/rules.h"

namespace leakscope::findings::rules {
namespace {

using model::Metric;

/// A thread touches its stack and its malloc arena.
constexpr double kBytesPerThread = 128.0 * 1024;

Draft draft_for(const Facts& facts, const Test& test) {
  const bool is_process = test.quantity == Quantity::kProcessThreads;
  Draft draft = draft_of(facts, test, "user.threads");
  add_evidence(draft, facts, test.subject, is_process ? Metric::kProcessThreads : Metric::kGroupThreads, "threads");
  add_steadiness(draft);
  if (!is_process) add_evidence(draft, facts, test.subject, Metric::kGroupMembers, "processes in the group");
  if (is_process) add_evidence(draft, facts, test.subject, Metric::kProcessVm, "address space");
  const double tasks = facts.rise(Metric::kTasksTotal);
  draft.confirmed = tasks >= kHalfOfIt * draft.rise;
  if (draft.confirmed) {
    add_evidence(draft, facts, model::Registry::machine_id(), Metric::kTasksTotal, "threads in the system");
  }
  return draft;
}

}  // namespace

void user_threads(const Facts& facts, Drafts& drafts) {
  for (const Told& told : {tell_processes_or_groups(facts, Quantity::kProcessThreads, Quantity::kGroupThreads),
                           notable_processes_or_groups(facts, Quantity::kProcessThreads, Quantity::kGroupThreads)}) {
    for (const Test* test : told.processes) {
      Draft draft = draft_for(facts, *test);
      absorb_memory_of(drafts, draft, kBytesPerThread);
      drafts.push_back(std::move(draft));
    }
    for (const Told::Group& group : told.groups) {
      Draft draft = draft_for(facts, *group.test);
      name_members(draft, facts, group.members);
      absorb_memory_of(drafts, draft, kBytesPerThread);
      drafts.push_back(std::move(draft));
    }
  }
}

}  // namespace leakscope::findings::rules
