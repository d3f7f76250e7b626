#include "analysis/matching/tally.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

#include "analysis/matching/saturate.h"

namespace leakscope::analysis::matching {
namespace {

constexpr std::size_t kMostTasks = 12;

std::uint64_t counts(const LiveObject& object) { return object.extra == 0 ? 1 : 0; }

double seconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) * 1e-9; }

model::Ages ages_of(std::span<LiveObject> objects, std::uint64_t end_time) {
  const auto time = [](const LiveObject& object) { return static_cast<std::uint64_t>(object.time); };
  const auto [oldest, youngest] = std::ranges::minmax(objects, {}, time);
  const std::uint64_t first = oldest.time;
  const std::uint64_t last = youngest.time;
  const auto middle = objects.begin() + static_cast<std::ptrdiff_t>(objects.size() / 2);
  std::ranges::nth_element(objects, middle, {}, time);
  return {seconds(end_time - last), seconds(end_time - middle->time), seconds(end_time - first)};
}

std::vector<model::SiteTally::Task> tasks_of(std::span<LiveObject> objects, std::uint64_t weight) {
  const auto task = [](const LiveObject& object) { return std::tuple(object.comm, object.tid); };
  std::ranges::sort(objects, {}, task);
  std::vector<model::SiteTally::Task> tasks;
  for (std::size_t i = 0; i < objects.size();) {
    const LiveObject& first = objects[i];
    std::uint64_t bytes = 0;
    std::uint64_t count = 0;
    for (; i < objects.size() && task(objects[i]) == task(first); ++i) {
      bytes += objects[i].bytes * weight;
      count += counts(objects[i]) * weight;
    }
    tasks.push_back({first.comm, first.tid, saturated(bytes), saturated(count)});
  }
  const auto more = [](const model::SiteTally::Task& a, const model::SiteTally::Task& b) {
    return std::tuple(b.bytes, b.count, a.comm, a.tid) < std::tuple(a.bytes, a.count, b.comm, b.tid);
  };
  const std::size_t kept = std::min(tasks.size(), kMostTasks);
  std::ranges::partial_sort(tasks, tasks.begin() + static_cast<std::ptrdiff_t>(kept), more);
  tasks.resize(kept);
  tasks.shrink_to_fit();
  return tasks;
}

void tally_one(std::span<LiveObject> objects, const TallyOptions& options, model::SiteTally& site) {
  std::uint64_t young_bytes = 0;
  std::uint64_t young_count = 0;
  for (const LiveObject& object : objects) {
    if (options.end_time - object.time >= options.older) continue;
    young_bytes += object.bytes * options.weight;
    young_count += counts(object) * options.weight;
  }
  site.young_bytes = saturated(young_bytes);
  site.young_count = saturated(young_count);
  site.ages = ages_of(objects, options.end_time);
  site.tasks = tasks_of(objects, options.weight);
}

}  // namespace

void tally_held(std::span<LiveObject> objects, const TallyOptions& options, std::span<model::SiteTally> sites) {
  const auto site = [](const LiveObject& object) { return static_cast<std::uint32_t>(object.site); };
  std::ranges::sort(objects, {}, site);
  for (std::size_t i = 0; i < objects.size();) {
    const std::uint32_t index = site(objects[i]);
    std::size_t end = i;
    while (end < objects.size() && site(objects[end]) == index) ++end;
    if (index < sites.size()) tally_one(objects.subspan(i, end - i), options, sites[index]);
    i = end;
  }
}

}  // namespace leakscope::analysis::matching
