#include "findings/rules/members.h"
#include "findings/rules/rules.h"

namespace leakscope::findings::rules {
namespace {

using model::Metric;

Draft group_draft(const Facts& facts, const Told::Group& group) {
  Draft draft = draft_of(facts, *group.test, "user.group");
  const model::SubjectId subject = group.test->subject;
  add_evidence(draft, facts, subject, Metric::kGroupRssAnon, "RssAnon of all members");
  if (facts.rise(subject, Metric::kGroupSwap) > 0) add_evidence(draft, facts, subject, Metric::kGroupSwap, "VmSwap");
  add_steadiness(draft);
  add_evidence(draft, facts, subject, Metric::kGroupMembers, "processes in the group");
  name_members(draft, facts, group.members);
  if (group.members.empty() && draft.alarms() && facts.seen(Quantity::kProcessAnon)) {
    add_evidence(draft, "/proc", "no process of it that was there all the time explains it: its members come and go");
  }
  const Test* all = facts.test(Quantity::kAnonymous);
  draft.confirmed = all != nullptr && all->rise() >= kHalfOfIt * draft.rise;
  return draft;
}

}  // namespace

void user_group(const Facts& facts, Drafts& drafts) {
  for (const Told::Group& group :
       tell_processes_or_groups(facts, Quantity::kProcessAnon, Quantity::kGroupAnon).groups) {
    drafts.push_back(group_draft(facts, group));
  }
  for (const Told::Group& group :
       notable_processes_or_groups(facts, Quantity::kProcessAnon, Quantity::kGroupAnon).groups) {
    drafts.push_back(group_draft(facts, group));
  }
}

}  // namespace leakscope::findings::rules
