#include "findings/standout.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/printable.h"

namespace leakscope::findings {
namespace {

using model::Metric;
using model::Observation;

struct Largest {
  model::SubjectId subject;
  std::int64_t value = 0;
};

std::optional<Largest> largest(const Observation& observation, Metric metric) {
  std::optional<Largest> best;
  for (const model::SubjectId subject : observation.subjects_with(metric)) {
    const auto value = observation.last(subject, metric);
    if (value && *value > (best ? best->value : 0) && !observation.info(subject).retired)
      best = Largest{subject, *value};
  }
  return best;
}

std::optional<std::int64_t> last(const Observation& observation, Metric metric) {
  return observation.last(model::Registry::machine_id(), metric);
}

double percent(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::string name_of(const Observation& observation, model::SubjectId subject) {
  const model::SubjectInfo info = observation.info(subject);
  return info.key.process ? fmt::format("{} ({})", printable(info.key.name), info.key.process->pid.value)
                          : printable(info.key.name);
}

using Check = std::optional<std::string> (*)(const Observation&, const model::Ledger&, std::int64_t total);

std::optional<std::string> cgroup_near_its_limit(const Observation& observation, const model::Ledger&, std::int64_t) {
  constexpr double kNear = 90;
  for (const model::SubjectId cgroup : observation.subjects_with(Metric::kCgroupMax)) {
    const auto limit = observation.last(cgroup, Metric::kCgroupMax);
    const auto current = observation.last(cgroup, Metric::kCgroupCurrent);
    if (!limit || !current || observation.info(cgroup).retired) continue;
    // Inactive file pages go first when the limit is hit: they are no need of the cgroup.
    const std::int64_t needed = *current - observation.last(cgroup, Metric::kCgroupInactiveFile).value_or(0);
    if (percent(needed, *limit) < kNear) continue;
    return fmt::format("The cgroup {} uses {} of its {} limit, page cache that can go left out.",
                       name_of(observation, cgroup), to_human(Bytes(needed)), to_human(Bytes(*limit)));
  }
  return std::nullopt;
}

std::optional<std::string> little_available(const Observation& observation, const model::Ledger&, std::int64_t total) {
  const auto available = last(observation, Metric::kMeminfoMemAvailable);
  if (!available || percent(*available, total) > 5) return std::nullopt;
  std::string text = fmt::format("Only {} ({:.1f} %) of memory is available.", to_human(Bytes(*available)),
                                 percent(*available, total));
  if (const auto group = largest(observation, Metric::kGroupRssAnon)) {
    text += fmt::format(" The largest user is {} with {}.", name_of(observation, group->subject),
                        to_human(Bytes(group->value)));
  }
  return text;
}

std::optional<std::string> unreclaimable_slab(const Observation& observation, const model::Ledger&,
                                              std::int64_t total) {
  const auto slab = last(observation, Metric::kMeminfoSUnreclaim);
  if (!slab || percent(*slab, total) < 10) return std::nullopt;
  std::string text = fmt::format("{} ({:.0f} % of memory) is slab that cannot be reclaimed", to_human(Bytes(*slab)),
                                 percent(*slab, total));
  if (const auto cache = largest(observation, Metric::kSlabBytes); cache && percent(cache->value, *slab) > 30) {
    text += fmt::format(", and {} alone holds {}", name_of(observation, cache->subject), to_human(Bytes(cache->value)));
  }
  return text + ".";
}

std::optional<std::string> uncounted_pages(const Observation&, const model::Ledger& ledger, std::int64_t total) {
  const auto rest = ledger.unattributed();
  if (!rest || percent(rest->count(), total) < 2) return std::nullopt;
  return fmt::format(
      "{} ({:.1f} % of memory) stands in no counter: pages that a driver or the kernel took straight from the page "
      "allocator.",
      to_human(*rest), percent(rest->count(), total));
}

std::optional<std::string> much_shared_memory(const Observation& observation, const model::Ledger&,
                                              std::int64_t total) {
  const auto shmem = last(observation, Metric::kMeminfoShmem);
  if (!shmem || percent(*shmem, total) < 20) return std::nullopt;
  std::string text = fmt::format("{} ({:.0f} % of memory) is tmpfs and shared memory", to_human(Bytes(*shmem)),
                                 percent(*shmem, total));
  if (const auto mount = largest(observation, Metric::kTmpfsUsed); mount && percent(mount->value, *shmem) > 30) {
    text += fmt::format("; {} holds {} of it", name_of(observation, mount->subject), to_human(Bytes(mount->value)));
  }
  return text + ".";
}

std::optional<std::string> one_big_user(const Observation& observation, const model::Ledger&, std::int64_t total) {
  const auto group = largest(observation, Metric::kGroupRssAnon);
  if (!group || percent(group->value, total) < 40) return std::nullopt;
  return fmt::format("{} holds {} ({:.0f} % of memory).", name_of(observation, group->subject),
                     to_human(Bytes(group->value)), percent(group->value, total));
}

constexpr auto kChecks = std::to_array<Check>(
    {little_available, cgroup_near_its_limit, uncounted_pages, unreclaimable_slab, much_shared_memory, one_big_user});

}  // namespace

std::string standout_of(const model::Observation& observation, const model::Ledger& ledger) {
  const std::int64_t total = ledger.total.value_or(Bytes(0)).count();
  for (const Check& check : kChecks) {
    if (const auto sentence = check(observation, ledger, total))
      return *sentence + " See whether it grows: leakscope diagnose";
  }
  const auto available = last(observation, Metric::kMeminfoMemAvailable);
  if (!available) return "Nothing stands out. See whether something grows: leakscope diagnose";
  // While memory is being plugged, more may be available than the allocator manages so far.
  const std::string of_total = *available <= total ? fmt::format(" of {}", to_human(Bytes(total))) : std::string{};
  return fmt::format("Nothing stands out: {}{} is available. See whether something grows: leakscope diagnose",
                     to_human(Bytes(*available)), of_total);
}

}  // namespace leakscope::findings
