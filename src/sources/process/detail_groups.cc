#include "sources/process/detail_groups.h"

#include "base/bytes.h"

namespace leakscope::sources::process {
namespace {

using model::Metric;

void add_to(std::optional<std::int64_t>& sum, std::optional<std::int64_t> value) {
  if (sum && value) {
    sum = checked_add(*sum, *value);
  } else {
    sum.reset();
  }
}

}  // namespace

void DetailGroups::begin_sample() {
  for (auto& [group, sums] : groups_) {
    const std::int64_t cpu_time = sums.cpu_time;
    sums = Sums{.members = 0, .cpu_time = cpu_time, .fds = 0, .pss = 0, .inotify_watches = 0};
  }
}

void DetailGroups::add_member(model::SubjectId group, const GroupDetail& detail) {
  const Sums nothing{.members = 0, .cpu_time = 0, .fds = 0, .pss = 0, .inotify_watches = 0};
  Sums& sums = groups_.try_emplace(group.index, nothing).first->second;
  ++sums.members;
  sums.cpu_time += detail.cpu_time_since_last;
  add_to(sums.fds, detail.fds);
  add_to(sums.pss, detail.pss);
  add_to(sums.inotify_watches, detail.inotify_watches);
}

void DetailGroups::end_sample(model::SampleSink& sink) {
  for (auto at = groups_.begin(); at != groups_.end();) {
    const model::SubjectId group{at->first};
    const Sums& sums = at->second;
    // Groups without members end when the fast tier lets them end.
    if (sums.members == 0 && sink.registry().info(group).retired) {
      at = groups_.erase(at);
      continue;
    }
    sink.put(group, Metric::kGroupCpuTime, sums.cpu_time);
    if (sums.fds) sink.put(group, Metric::kGroupFds, *sums.fds);
    if (sums.pss) sink.put(group, Metric::kGroupPss, *sums.pss);
    if (sums.inotify_watches) sink.put(group, Metric::kGroupInotifyWatches, *sums.inotify_watches);
    ++at;
  }
}

}  // namespace leakscope::sources::process
