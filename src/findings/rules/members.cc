#include "findings/rules/members.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "findings/text.h"

namespace leakscope::findings::rules {
namespace {

using ByGroup = std::unordered_map<std::uint32_t, std::vector<const Test*>>;

template <class Wanted>
ByGroup members_by_group(const Facts& facts, Quantity process, Wanted wanted, std::vector<const Test*>& without_group) {
  ByGroup members;
  for (const Test& test : facts.tests(process)) {
    if (!wanted(test)) continue;
    const auto parent = facts.observation().info(test.subject).parent;
    if (parent) {
      members[parent->index].push_back(&test);
    } else {
      without_group.push_back(&test);
    }
  }
  for (auto& [group, tests] : members)
    std::ranges::sort(tests, std::greater{}, [](const Test* t) { return t->rise(); });
  return members;
}

double sum_of_rises(const std::vector<const Test*>& tests) {
  double sum = 0;
  for (const Test* test : tests) sum += test->rise();
  return sum;
}

}  // namespace

Told tell_processes_or_groups(const Facts& facts, Quantity process, Quantity group) {
  Told told;
  ByGroup members = members_by_group(facts, process, [](const Test& test) { return test.grows(); }, told.processes);
  for (const Test& test : facts.tests(group)) {
    if (!test.grows()) continue;
    const auto found = members.find(test.subject.index);
    const auto growing = found == members.end() ? std::vector<const Test*>{} : found->second;
    const auto size = facts.observation().last(test.subject, model::Metric::kGroupMembers);
    const auto count = static_cast<std::int64_t>(growing.size());
    const bool they_explain_it = share_of(sum_of_rises(growing), test.rise()) >= kMostOfIt;
    const bool most_of_them = count >= 2 && size && count * 2 >= *size;
    if (they_explain_it && !most_of_them) continue;
    told.groups.push_back({&test, growing});
    if (found != members.end()) members.erase(found);
  }
  for (const auto& [index, tests] : members) told.processes.insert(told.processes.end(), tests.begin(), tests.end());
  std::ranges::sort(told.processes, {}, [](const Test* test) { return test->subject; });
  return told;
}

Told notable_processes_or_groups(const Facts& facts, Quantity process, Quantity group) {
  Told told;
  ByGroup members = members_by_group(facts, process, is_notable, told.processes);
  for (const Test& test : facts.tests(group)) {
    if (!is_notable(test)) continue;
    const auto found = members.find(test.subject.index);
    if (found != members.end() && share_of(sum_of_rises(found->second), test.rise()) >= kHalfOfIt) continue;
    // A member that grows by itself is told as such.
    const bool member_told = std::ranges::any_of(facts.tests(process), [&](const Test& member) {
      return member.grows() && facts.observation().info(member.subject).parent == test.subject;
    });
    if (member_told) continue;
    told.groups.push_back({&test, {}});
    if (found != members.end()) members.erase(found);
  }
  for (const auto& [index, tests] : members) told.processes.insert(told.processes.end(), tests.begin(), tests.end());
  std::ranges::sort(told.processes, {}, [](const Test* test) { return test->subject; });
  return told;
}

void name_members(Draft& draft, const Facts& facts, const std::vector<const Test*>& members) {
  for (const Test* member : members) {
    if (draft.finding.holders.size() >= 5) break;
    const model::SubjectInfo process = facts.observation().info(member->subject);
    if (!process.key.process) continue;
    draft.finding.holders.push_back({*process.key.process, process.key.name, process.cgroup,
                                     rise_text(info(member->quantity).unit, member->rise())});
  }
  if (members.empty()) return;
  add_evidence(draft, "/proc", fmt::format("{} of its processes grow by themselves", members.size()));
}

void absorb_memory_of(Drafts& drafts, Draft& draft, double bytes_each) {
  if (!draft.alarms()) return;
  std::erase_if(drafts, [&](const Draft& other) {
    const bool memory = other.finding.id == "user.anon" || other.finding.id == "user.group";
    if (!memory || other.subject != draft.subject || other.rise > bytes_each * draft.rise) return false;
    draft.absorbed += other.rise;
    add_evidence(draft, "/proc/PID/status",
                 "anonymous memory " + rise_text(model::Unit::kBytes, other.rise) + " along with it");
    return true;
  });
}

}  // namespace leakscope::findings::rules
