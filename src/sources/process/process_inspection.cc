#include "sources/process/process_inspection.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/text_cursor.h"
#include "sources/process/pid_cgroup.h"
#include "sources/process/pid_stat.h"

namespace leakscope::sources::process {
namespace {

constexpr std::int64_t kNanosecondsPerTick = 10'000'000;  // USER_HZ is 100

void note(ProcessInspection& inspection, const Error& error) {
  inspection.coverage.push_back(model::coverage_from_error("process", error));
}

std::vector<Occurrence> by_frequency(const std::vector<std::string>& texts) {
  std::map<std::string_view, std::int64_t> counts;
  for (const std::string& text : texts) {
    // "socket:[4711]" and "pipe:[12]" are numbered; "anon_inode:[eventfd]" is not.
    const std::string_view view = text;
    const bool numbered = view.starts_with("socket:[") || view.starts_with("pipe:[");
    ++counts[numbered ? view.substr(0, view.find(':')) : view];
  }
  std::vector<Occurrence> sorted;
  sorted.reserve(counts.size());
  for (const auto& [text, count] : counts) sorted.push_back({std::string(text), count});
  std::ranges::stable_sort(sorted, std::greater<>(), &Occurrence::count);
  return sorted;
}

std::optional<std::int64_t> number_in(const std::optional<std::string>& text) {
  return text ? parse_number<std::int64_t>(trim(*text)) : std::nullopt;
}

void add_to(std::optional<std::int64_t>& sum, std::optional<std::int64_t> value) {
  if (value) sum = checked_add(sum.value_or(0), *value).value_or(INT64_MAX);
}

MappingGroup sum_of(const MappingGroups& groups) {
  MappingGroup total;
  for (const MappingGroup& group : groups) {
    total.count += group.count;
    total.size = checked_add(total.size, group.size).value_or(INT64_MAX);
    add_to(total.rss, group.rss);
    add_to(total.pss, group.pss);
    add_to(total.uss, group.uss);
    add_to(total.swap, group.swap);
    add_to(total.anonymous, group.anonymous);
    add_to(total.anon_huge, group.anon_huge);
  }
  return total;
}

std::vector<MappedPath> paths_by_size(const std::vector<Mapping>& mappings) {
  std::map<std::pair<MappingKind, std::string_view>, std::vector<Mapping>> by_path;
  for (const Mapping& mapping : mappings) by_path[{mapping.kind, mapping.path}].push_back(mapping);
  std::vector<MappedPath> paths;
  paths.reserve(by_path.size());
  for (const auto& [key, members] : by_path) {
    paths.push_back({key.first, std::string(key.second), group_mappings(members)[static_cast<std::size_t>(key.first)]});
  }
  std::ranges::stable_sort(paths, [](const MappedPath& a, const MappedPath& b) {
    return std::pair(a.sums.rss, a.sums.size) > std::pair(b.sums.rss, b.sums.size);
  });
  return paths;
}

void add_mappings(ProcessInspection& inspection, std::string_view text) {
  const MappingTable table = parse_mappings(text);
  if (table.damage) note(inspection, *table.damage);
  const MappingGroups groups = group_mappings(table.mappings);
  const auto of = [&](MappingKind kind) -> const MappingGroup& { return groups[static_cast<std::size_t>(kind)]; };
  HeapFromOutside heap;
  if (of(MappingKind::kHeap).count > 0) heap.brk = of(MappingKind::kHeap);
  heap.arenas = find_arena_shapes(table.mappings);
  heap.anonymous = of(MappingKind::kAnonymous);
  heap.stacks = of(MappingKind::kStack);
  inspection.heap = heap;
  inspection.mappings = groups;
  inspection.total = sum_of(groups);
  inspection.mapped_paths = paths_by_size(table.mappings);
}

}  // namespace

Result<ProcessInspection> build_inspection(const ProcessTexts& texts) {
  const auto stat = parse_pid_stat(texts.stat);
  if (!stat) return std::unexpected(stat.error());
  ProcessInspection inspection;
  inspection.coverage = texts.coverage;
  inspection.id = stat->id;
  inspection.comm = Comm::from(stat->comm);
  inspection.state = stat->state;
  inspection.parent = Pid{stat->parent};
  inspection.kernel_thread = stat->is_kernel_thread();
  inspection.executable = texts.executable;
  inspection.argv0 = texts.argv0;
  const auto ticks = std::min<std::uint64_t>(stat->user_ticks + stat->system_ticks, INT64_MAX / kNanosecondsPerTick);
  inspection.cpu_time = Nanoseconds(static_cast<std::int64_t>(ticks) * kNanosecondsPerTick);
  if (texts.status) {
    if (const auto status = parse_pid_status(*texts.status)) {
      inspection.sizes = *status;
      inspection.user = status->uid;
    } else {
      note(inspection, status.error());
    }
  }
  if (texts.limits) {
    if (const auto limits = parse_pid_limits(*texts.limits)) {
      inspection.limits = *limits;
    } else {
      note(inspection, limits.error());
    }
  }
  if (texts.cgroup) {
    if (const auto cgroup = parse_pid_cgroup(*texts.cgroup)) {
      inspection.cgroup = cgroup->memory_path();
      inspection.container = cgroup->unit_or_container();
    } else {
      note(inspection, cgroup.error());
    }
  }
  // A kernel thread has no mappings, and so has a zombie: nothing is not the same as mappings of no size.
  if (texts.smaps && !texts.smaps->empty()) add_mappings(inspection, *texts.smaps);
  inspection.descriptors = texts.descriptors;
  inspection.descriptor_targets = by_frequency(texts.descriptor_targets);
  inspection.thread_names = by_frequency(texts.thread_names);
  inspection.oom_score = number_in(texts.oom_score);
  inspection.oom_score_adj = number_in(texts.oom_score_adj);
  return inspection;
}

}  // namespace leakscope::sources::process
