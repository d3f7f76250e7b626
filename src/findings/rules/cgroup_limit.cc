#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "findings/cgroup_path.h"
#include "findings/rules/rules.h"
#include "findings/text.h"

namespace leakscope::findings::rules {
namespace {

using model::Metric;

void add_parts(Draft& draft, const Facts& facts) {
  add_evidence(draft, facts, draft.subject, Metric::kCgroupCurrent, "charged");
  add_evidence(draft, facts, draft.subject, Metric::kCgroupAnon, "anonymous");
  for (const auto& [metric, label] : {std::pair{Metric::kCgroupKernel, "kernel"},
                                      {Metric::kCgroupShmem, "shmem"},
                                      {Metric::kCgroupSock, "sockets"}}) {
    if (facts.rise(draft.subject, metric) >= draft.rise / 10) {
      add_evidence(draft, facts, draft.subject, metric, label);
    }
  }
  if (const auto limit = facts.observation().last(draft.subject, Metric::kCgroupMax)) {
    add_evidence(draft, "/sys/fs/cgroup",
                 "limit " + amount_text(model::Unit::kBytes, static_cast<double>(*limit)) +
                     "; page cache and reclaimable slab are not counted against it");
  }
  if (const auto limit = facts.observation().last(draft.subject, Metric::kCgroupMemswMax)) {
    add_evidence(draft, facts, draft.subject, Metric::kCgroupMemsw, "memory and swap");
    add_evidence(draft, "/sys/fs/cgroup",
                 "limit of memory and swap " + amount_text(model::Unit::kBytes, static_cast<double>(*limit)));
  }
  if (facts.rise(draft.subject, Metric::kCgroupEventsOomKill) > 0) {
    add_evidence(draft, facts, draft.subject, Metric::kCgroupEventsOomKill, "processes ended by the OOM killer");
  }
}

/// A process, group or tmpfs inside is the deeper subject: it is told, with the cgroup as evidence.
bool told_deeper(Drafts& drafts, const Draft& cgroup) {
  double explained = 0;
  for (const Draft& draft : drafts) {
    const bool bytes = draft.finding.id == "user.anon" || draft.finding.id == "user.group";
    if (bytes && draft.alarms() && cgroup_is_inside(draft.finding.subject.cgroup, cgroup.finding.subject.key.name)) {
      explained += draft.rise;
    }
  }
  if (share_of(explained, cgroup.rise) < kHalfOfIt) return false;
  for (Draft& draft : drafts) {
    if (!draft.alarms() || !cgroup_is_inside(draft.finding.subject.cgroup, cgroup.finding.subject.key.name)) continue;
    if (draft.finding.unit != model::Unit::kBytes) continue;
    draft.confirmed = true;
    add_evidence(draft, "/sys/fs/cgroup",
                 fmt::format("its cgroup {} {}, and has a limit", cgroup_path(cgroup.finding.subject.key.name),
                             rise_text(model::Unit::kBytes, cgroup.rise)));
  }
  return true;
}

}  // namespace

void cgroup_limit(const Facts& facts, Drafts& drafts) {
  std::vector<Draft> candidates;
  for (const Test& test : facts.tests(Quantity::kCgroupMemory)) {
    if (!test.grows() && !is_notable(test)) continue;
    Draft draft = draft_of(facts, test, "cgroup.limit");
    add_parts(draft, facts);
    add_steadiness(draft);
    draft.confirmed = facts.rise(test.subject, Metric::kCgroupAnon) + facts.rise(test.subject, Metric::kCgroupKernel) >=
                      kHalfOfIt * draft.rise;
    candidates.push_back(std::move(draft));
  }
  // Deepest first: a cgroup that one below explains is not told again.
  std::ranges::sort(candidates, std::less{}, [](const Draft& draft) {
    return std::pair(-std::ranges::count(draft.finding.subject.key.name, '/'), draft.subject);
  });
  std::vector<Draft> told;
  for (Draft& draft : candidates) {
    double below = 0;
    for (const Draft& other : told) {
      if (cgroup_is_inside(other.finding.subject.key.name, draft.finding.subject.key.name))
        below = std::max(below, other.rise);
    }
    if (share_of(below, draft.rise) >= kMostOfIt) continue;
    told.push_back(std::move(draft));
  }
  for (Draft& draft : told) {
    if (draft.alarms() && told_deeper(drafts, draft)) continue;
    drafts.push_back(std::move(draft));
  }
}

}  // namespace leakscope::findings::rules
