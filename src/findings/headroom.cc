#include "findings/headroom.h"

#include <algorithm>
#include <chrono>

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

std::optional<double> left_in_cgroup(const Facts& facts, SubjectId cgroup) {
  const auto limit = last(facts, cgroup, Metric::kCgroupMax);
  const auto current = last(facts, cgroup, Metric::kCgroupCurrent);
  if (!limit || !current) return std::nullopt;
  const double reclaimable = last(facts, cgroup, Metric::kCgroupInactiveFile).value_or(0) +
                             last(facts, cgroup, Metric::kCgroupActiveFile).value_or(0) +
                             last(facts, cgroup, Metric::kCgroupSlabReclaimable).value_or(0);
  return std::max(0.0, *limit - std::max(0.0, *current - reclaimable));
}

std::optional<double> left_for_bytes(const Draft& draft, const Facts& facts) {
  if (draft.quantity == Quantity::kCgroupMemory) return left_in_cgroup(facts, draft.subject);
  std::optional<double> left = last(facts, Registry::machine_id(), available_metric(facts.observation()));
  if (left) left = *left + last(facts, Registry::machine_id(), Metric::kMeminfoSwapFree).value_or(0);
  if (draft.quantity == Quantity::kTmpfs) {
    left = least(left, left_in(facts, draft.subject, Metric::kTmpfsUsed, Metric::kTmpfsSize));
  }
  if (draft.finding.subject.cgroup.empty()) return left;
  for (const SubjectId cgroup : facts.observation().subjects_with(Metric::kCgroupMax)) {
    if (!cgroup_is_inside(draft.finding.subject.cgroup, facts.observation().info(cgroup).key.name)) continue;
    left = least(left, left_in_cgroup(facts, cgroup));
  }
  return left;
}

std::optional<double> left_for_threads(const Facts& facts) {
  const SubjectId machine = Registry::machine_id();
  return least(left_in(facts, machine, Metric::kTasksTotal, Metric::kPidMax),
               left_in(facts, machine, Metric::kTasksTotal, Metric::kThreadsMax));
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
      return left_for_threads(facts);
    case Quantity::kCgroupPids:
      return left_in(facts, draft.subject, Metric::kCgroupPidsCurrent, Metric::kCgroupPidsMax);
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
