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
                                      {Metric::kCgroupSock, "sockets"},
                                      {Metric::kCgroupSwapCurrent, "swap"}}) {
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
  if (facts.rise(draft.subject, Metric::kCgroupSwapCurrent) > 0) {
    if (const auto limit = facts.observation().last(draft.subject, Metric::kCgroupSwapMax)) {
      add_evidence(draft, "/sys/fs/cgroup",
                   "limit of swap " + amount_text(model::Unit::kBytes, static_cast<double>(*limit)));
    }
  }
}

/// memory.events counts for the cgroup and all below it; memory.failcnt of v1 for itself.
void add_hits(Draft& draft, const Facts& facts) {
  const bool v1 = !draft.finding.subject.key.name.starts_with('/');
  for (const auto& [metric, words] : {std::pair{Metric::kCgroupEventsHigh, "throttled above memory.high"},
                                      {Metric::kCgroupEventsMax, v1 ? "hit memory.limit_in_bytes" : "hit memory.max"},
                                      {Metric::kCgroupEventsOom, "found nothing to reclaim there"}}) {
    const model::Series* series = facts.observation().find(draft.subject, metric);
    const double times = series == nullptr ? 0 : counted(*series);
    if (times < 1) continue;
    add_evidence(draft, model::info(metric).source,
                 fmt::format("{} {} {} in the window{}", words, amount_text(model::Unit::kCount, times),
                             times < 2 ? "time" : "times", v1 ? "" : ", it or one below it"));
  }
  if (facts.rise(draft.subject, Metric::kCgroupEventsOomKill) > 0) {
    add_evidence(draft, facts, draft.subject, Metric::kCgroupEventsOomKill, "processes ended by the OOM killer");
  }
}

/// The parts by which it grows, of swap what the machine's own counter shows.
bool is_confirmed(const Draft& draft, const Facts& facts) {
  const double swap =
      std::min(facts.rise(draft.subject, Metric::kCgroupSwapCurrent), -facts.rise(Metric::kMeminfoSwapFree));
  return facts.rise(draft.subject, Metric::kCgroupAnon) + facts.rise(draft.subject, Metric::kCgroupKernel) +
             std::max(0.0, swap) >=
         kHalfOfIt * draft.rise;
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
    add_hits(draft, facts);
    add_steadiness(draft);
    draft.confirmed = is_confirmed(draft, facts);
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
