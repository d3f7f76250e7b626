#include "findings/headroom.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "findings/available.h"
#include "findings/cgroup_path.h"

namespace leakscope::findings {
namespace {

using model::Metric;
using model::Registry;
using model::SubjectId;

std::optional<double> last(const Facts& facts, SubjectId subject, Metric metric) {
  const auto value = facts.observation().last(subject, metric);
  if (!value) return std::nullopt;
  return static_cast<double>(*value);
}

std::optional<double> least(std::optional<double> a, std::optional<double> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

std::optional<double> left_in(const Facts& facts, SubjectId subject, Metric level, Metric limit) {
  const auto at = last(facts, subject, level);
  const auto most = last(facts, subject, limit);
  if (!at || !most || *most <= 0) return std::nullopt;
  return std::max(0.0, *most - *at);
}

/// The cgroups with that metric that are `path` or lie around it.
std::vector<SubjectId> cgroups_around(const Facts& facts, std::string_view path, Metric metric) {
  std::vector<SubjectId> around = facts.observation().subjects_with(metric);
  std::erase_if(around,
                [&](SubjectId cgroup) { return !cgroup_is_inside(path, facts.observation().info(cgroup).key.name); });
  return around;
}

/// Swap that a cgroup may still fill: free swap, and what the limits of it and of those around it leave. Nothing where
/// its swap is not counted: then its memory does not show what goes there.
double swap_left_for(const Facts& facts, SubjectId cgroup) {
  if (!last(facts, cgroup, Metric::kCgroupSwapCurrent)) return 0;
  std::optional<double> left = last(facts, Registry::machine_id(), Metric::kMeminfoSwapFree);
  for (const SubjectId around :
       cgroups_around(facts, facts.observation().info(cgroup).key.name, Metric::kCgroupSwapMax)) {
    // A limit of 0 is one: no swap at all.
    const double most = last(facts, around, Metric::kCgroupSwapMax).value_or(0);
    left = least(left, std::max(0.0, most - last(facts, around, Metric::kCgroupSwapCurrent).value_or(0)));
  }
  return left.value_or(0);
}

/// At memory.max a cgroup goes on into swap; v1 has a limit of both together beside it.
std::optional<double> left_in_cgroup(const Facts& facts, SubjectId cgroup) {
  const auto limit = last(facts, cgroup, Metric::kCgroupMax);
  const auto current = last(facts, cgroup, Metric::kCgroupCurrent);
  if (!limit || !current) return std::nullopt;
  const double reclaimable = last(facts, cgroup, Metric::kCgroupInactiveFile).value_or(0) +
                             last(facts, cgroup, Metric::kCgroupActiveFile).value_or(0) +
                             last(facts, cgroup, Metric::kCgroupSlabReclaimable).value_or(0);
  const auto below = [reclaimable](double most, double at) {
    return std::max(0.0, most - std::max(0.0, at - reclaimable));
  };
  std::optional<double> left = below(*limit, *current) + swap_left_for(facts, cgroup);
  const auto both = last(facts, cgroup, Metric::kCgroupMemsw);
  const auto most_of_both = last(facts, cgroup, Metric::kCgroupMemswMax);
  if (both && most_of_both) left = least(left, below(*most_of_both, *both));
  return left;
}

std::optional<double> left_for_bytes(const Draft& draft, const Facts& facts) {
  if (draft.quantity == Quantity::kCgroupMemory) return left_in_cgroup(facts, draft.subject);
  std::optional<double> left = last(facts, Registry::machine_id(), available_metric(facts.observation()));
  if (left) left = *left + last(facts, Registry::machine_id(), Metric::kMeminfoSwapFree).value_or(0);
  if (draft.quantity == Quantity::kTmpfs) {
    left = least(left, left_in(facts, draft.subject, Metric::kTmpfsUsed, Metric::kTmpfsSize));
  }
  for (const SubjectId cgroup : cgroups_around(facts, draft.finding.subject.cgroup, Metric::kCgroupMax)) {
    left = least(left, left_in_cgroup(facts, cgroup));
  }
  return left;
}

/// In v1 pids have a hierarchy of their own, where a process may stand elsewhere than its memory, whose path is the one
/// that is known: with limits there, and none around that path, it is in one of them or in none.
bool is_in_unknown_pids_cgroup(const Facts& facts, std::string_view path) {
  const auto limited = facts.observation().subjects_with(Metric::kCgroupPidsMax);
  return !path.empty() && cgroups_around(facts, path, Metric::kCgroupPidsMax).empty() &&
         std::ranges::any_of(limited, [&](SubjectId cgroup) {
           const model::SubjectInfo info = facts.observation().info(cgroup);
           return !info.retired && !info.key.name.starts_with('/');
         });
}

std::optional<double> left_for_threads(const Draft& draft, const Facts& facts) {
  const SubjectId machine = Registry::machine_id();
  const model::SubjectInfo& subject = draft.finding.subject;
  const std::string& path = subject.key.kind == model::SubjectKind::kCgroup ? subject.key.name : subject.cgroup;
  if (is_in_unknown_pids_cgroup(facts, path)) return std::nullopt;
  std::optional<double> left = least(left_in(facts, machine, Metric::kTasksTotal, Metric::kPidMax),
                                     left_in(facts, machine, Metric::kTasksTotal, Metric::kThreadsMax));
  for (const SubjectId cgroup : cgroups_around(facts, path, Metric::kCgroupPidsMax)) {
    left = least(left, left_in(facts, cgroup, Metric::kCgroupPidsCurrent, Metric::kCgroupPidsMax));
  }
  return left;
}

}  // namespace

std::optional<double> headroom_of(const Draft& draft, const Facts& facts) {
  const SubjectId machine = Registry::machine_id();
  switch (draft.quantity) {
    case Quantity::kProcessFds:
      return left_in(facts, draft.subject, Metric::kProcessFds, Metric::kProcessFdLimit);
    case Quantity::kFiles:
      return left_in(facts, machine, Metric::kFileAllocated, Metric::kFileMax);
    case Quantity::kProcessThreads:
    case Quantity::kGroupThreads:
    case Quantity::kTasks:
    case Quantity::kCgroupPids:
      return left_for_threads(draft, facts);
    case Quantity::kConntrack:
      return left_in(facts, machine, Metric::kConntrackCount, Metric::kConntrackMax);
    case Quantity::kInotify:
      return left_in(facts, draft.subject, Metric::kInotifyWatchesUser, Metric::kInotifyWatchesMax);
    case Quantity::kMsgQueues:
      return left_in(facts, machine, Metric::kSysvMsgQueues, Metric::kSysvMsgMax);
    case Quantity::kSemSets:
      return left_in(facts, machine, Metric::kSysvSemSets, Metric::kSysvSemMax);
    case Quantity::kShmSegments:
      return left_in(facts, machine, Metric::kSysvShmSegments, Metric::kSysvShmMax);
    default:
      break;
  }
  const auto left = left_for_bytes(draft, facts);
  if (!left) return std::nullopt;
  // What comes along with each takes its room; counts without a limit have no other end.
  const double along = draft.rise > 0 ? draft.absorbed / draft.rise : 0;
  if (draft.finding.unit == model::Unit::kBytes) return *left / (1 + along);
  return along > 0 ? std::optional(*left / along) : std::nullopt;
}

std::optional<Finding::Eta> eta_of(double headroom, const Interval& rate) {
  if (!(rate.lower > 0) || !(rate.upper >= rate.lower) || headroom < 0) return std::nullopt;
  constexpr double kTenYears = 10.0 * 365 * 86400;
  const auto time = [](double seconds) {
    return std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(seconds));
  };
  const double soonest = headroom / rate.upper;
  const double latest = headroom / rate.lower;
  if (!(soonest < kTenYears)) return std::nullopt;
  Finding::Eta eta{.lower = time(soonest), .upper = {}};
  if (latest < kTenYears) eta.upper = time(latest);
  return eta;
}

}  // namespace leakscope::findings
