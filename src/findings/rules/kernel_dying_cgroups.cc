#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "findings/rules/rules.h"
#include "findings/text.h"

namespace leakscope::findings::rules {
namespace {

using model::Metric;

/// The deepest cgroup below which most of them were: nr_dying_descendants counts the whole subtree.
void name_where(Draft& draft, const Facts& facts) {
  std::optional<std::pair<std::ptrdiff_t, double>> best;  // depth and rise
  std::string name;
  for (const model::SubjectId cgroup : facts.observation().subjects_with(Metric::kCgroupDyingDescendants)) {
    const model::SubjectInfo info = facts.observation().info(cgroup);
    if (info.retired || info.key.name == "/") continue;
    const double rise = facts.rise(cgroup, Metric::kCgroupDyingDescendants);
    if (share_of(rise, draft.rise) < kMostOfIt) continue;
    const std::pair found(std::ranges::count(info.key.name, '/'), rise);
    if (best && *best >= found) continue;
    best = found;
    name = info.key.name;
  }
  if (!best) return;
  add_evidence(draft, model::info(Metric::kCgroupDyingDescendants).source,
               fmt::format("{} of them below {}", rise_text(model::Unit::kCount, best->second), name));
}

}  // namespace

void kernel_dying_cgroups(const Facts& facts, Drafts& drafts) {
  const Test* test = facts.test(Quantity::kDyingCgroups);
  if (test == nullptr || (!test->grows() && !is_notable(*test))) return;
  const model::SubjectId machine = model::Registry::machine_id();
  Draft draft = draft_of(facts, *test, "kernel.dying_cgroups");
  add_evidence(draft, facts, machine, Metric::kCgroupsDying, "removed cgroups that something still pins");
  add_steadiness(draft);
  name_where(draft, facts);
  add_evidence(draft, facts, machine, Metric::kCgroupsVisible, "visible ones");
  add_evidence(draft, facts, machine, Metric::kMeminfoPercpu, "Percpu");
  draft.confirmed = facts.rise(Metric::kCgroupsExisting) >= kHalfOfIt * draft.rise;
  drafts.push_back(std::move(draft));
}

}  // namespace leakscope::findings::rules
