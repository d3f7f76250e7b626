#include "sources/kmem_bpf/live_objects.h"

#include <algorithm>
#include <cstddef>

#include "wire/kmem_record.h"

namespace leakscope::sources::kmem_bpf {
namespace {

constexpr std::size_t kMostTasks = 12;

std::uint32_t site_of(std::uint64_t value) { return static_cast<std::uint32_t>(value & 0xFFFF) - 1; }
std::uint32_t tid_of(std::uint64_t value) {
  return static_cast<std::uint32_t>((value >> WIRE_KMEM_THREAD_SHIFT) & WIRE_KMEM_THREADS);
}
// Sorts by site, then thread, then time.
std::uint64_t order_of(std::uint64_t value) {
  return (value & 0xFFFF) << 48U | ((value >> WIRE_KMEM_THREAD_SHIFT) & WIRE_KMEM_THREADS) << 26U |
         ((value >> WIRE_KMEM_TIME_SHIFT) & WIRE_KMEM_TIMES);
}

std::uint64_t age_of(std::uint64_t value, const ValueClock& clock) {
  return (clock.now - (value >> WIRE_KMEM_TIME_SHIFT)) & WIRE_KMEM_TIMES;
}

void add_ages(LiveObjects& objects, std::span<const std::uint64_t> values, const ValueClock& clock, double older) {
  if (clock.seconds_per_unit <= 0) return;
  std::vector<std::uint64_t> ages;
  ages.reserve(values.size());
  for (const std::uint64_t value : values) ages.push_back(age_of(value, clock));
  std::ranges::sort(ages);
  const double unit = clock.seconds_per_unit;
  objects.ages = model::Ages{.min = static_cast<double>(ages.front()) * unit,
                             .median = static_cast<double>(ages[ages.size() / 2]) * unit,
                             .max = static_cast<double>(ages.back()) * unit};
  const auto first_old = std::ranges::lower_bound(ages, older / unit, {}, [](auto age) { return double(age); });
  objects.young = static_cast<std::uint64_t>(first_old - ages.begin());
}

void add_tasks(LiveObjects& objects, std::span<const std::uint64_t> values) {
  for (std::size_t i = 0; i < values.size();) {
    const std::uint32_t tid = tid_of(values[i]);
    const std::size_t first = i;
    while (i < values.size() && tid_of(values[i]) == tid) ++i;
    objects.tasks.push_back({tid, i - first});
  }
  std::ranges::stable_sort(objects.tasks, std::ranges::greater{}, &LiveObjects::Task::count);
  if (objects.tasks.size() > kMostTasks) objects.tasks.resize(kMostTasks);
}

}  // namespace

std::vector<LiveObjects> survey(std::span<std::uint64_t> values, const ValueClock& clock, double older_seconds) {
  std::ranges::sort(values, {}, order_of);
  std::vector<LiveObjects> all;
  for (std::size_t i = 0; i < values.size();) {
    const std::uint32_t site = site_of(values[i]);
    const std::size_t first = i;
    while (i < values.size() && site_of(values[i]) == site) ++i;
    const auto of_site = values.subspan(first, i - first);
    LiveObjects& objects = all.emplace_back();
    objects.site = site;
    objects.count = of_site.size();
    add_ages(objects, of_site, clock, older_seconds);
    add_tasks(objects, of_site);
  }
  return all;
}

}  // namespace leakscope::sources::kmem_bpf
