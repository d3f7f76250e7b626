#include "analysis/difference/picture.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>

#include "analysis/difference/aspect.h"

namespace leakscope::analysis::difference {
namespace {

using model::Metric;
using model::Observation;
using model::Point;
using model::Series;
using model::SubjectId;
using model::SubjectKind;

constexpr Nanoseconds kFreshEnough = std::chrono::seconds(90);
constexpr int kPeriodsMissed = 4;
constexpr std::ptrdiff_t kGapsLookedAt = 4;

/// The last point at or before the time.
const Point* point_at(const Series* series, BootTime time) {
  if (series == nullptr) return nullptr;
  const auto after = std::ranges::upper_bound(*series, time, {}, &Point::time);
  return after == series->begin() ? nullptr : &*std::prev(after);
}

/// The longest of the last gaps before a point: what its source takes, and what thinning made of it.
Nanoseconds period_before(const Series& series, const Point* point) {
  const std::ptrdiff_t index = point - series.data();
  Nanoseconds longest{0};
  for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(index - kGapsLookedAt, 0); i < index; ++i) {
    const auto at = static_cast<std::size_t>(i);
    longest = std::max(longest, series[at + 1].time - series[at].time);
  }
  return longest;
}

/// Every metric that a subject's table shows, each once.
std::vector<Metric> metrics_of(SubjectKind kind) {
  std::vector<Metric> metrics;
  const auto add = [&](Metric metric) {
    if (std::ranges::find(metrics, metric) == metrics.end()) metrics.push_back(metric);
  };
  for (const Aspect& aspect : aspects()) {
    if (aspect.kind != kind) continue;
    std::ranges::for_each(aspect.amount, add);
    for (const Companion& companion : aspect.companions) add(companion.metric);
  }
  if (kind == SubjectKind::kSlabCache) add(Metric::kSlabReclaimable);
  return metrics;
}

/// A figure of the machine that is there when its source looked, though it may have found no subject.
std::optional<Metric> witness_of(SubjectKind kind) {
  switch (kind) {
    case SubjectKind::kSysvShm:
      return Metric::kSysvShmSegments;
    case SubjectKind::kBpfMap:
      return Metric::kBpfMapsCount;
    case SubjectKind::kBpfProgram:
      return Metric::kBpfProgramsCount;
    case SubjectKind::kHolder:
      return Metric::kMeminfoMemTotal;
    default:
      return std::nullopt;
  }
}

class Collector {
 public:
  Collector(const Observation& observation, BootTime time) : observation_(observation), time_(time) {}

  [[nodiscard]] Picture::Kind collect(SubjectKind kind) {
    for (const Metric metric : metrics_of(kind)) add(metric);
    Picture::Kind collected;
    const auto witness = witness_of(kind);
    const bool looked = witness && observation_.at(model::Registry::machine_id(), *witness, time_);
    if (seen_ || looked) collected.listing = Listing::kAll;
    for (Entry& entry : entries_) {
      if (entry.alive && !entry.standing.values.empty()) collected.standings.push_back(std::move(entry.standing));
    }
    return collected;
  }

 private:
  struct Entry {
    Standing standing;
    bool alive = false;
  };

  void add(Metric metric) {
    const std::vector<SubjectId> subjects = observation_.subjects_with(metric);
    std::optional<BootTime> newest;
    for (const SubjectId subject : subjects) {
      const Point* point = point_at(observation_.find(subject, metric), time_);
      if (point != nullptr && (!newest || *newest < point->time)) newest = point->time;
    }
    for (const SubjectId subject : subjects) {
      const Series& series = *observation_.find(subject, metric);
      const Point* point = point_at(&series, time_);
      if (point == nullptr) continue;
      seen_ = true;
      const bool goes_on = point != &series.back();
      const Nanoseconds limit = std::max(kFreshEnough, period_before(series, point) * kPeriodsMissed);
      const bool fresh = goes_on || *newest - point->time <= limit;
      Entry& entry = entry_of(subject);
      if (fresh) entry.standing.values[metric] = point->value;
      // Who has ended is missing in the last reading of its fastest source.
      const bool retired = entry.standing.subject.retired;
      entry.alive = entry.alive || goes_on || point->time == *newest || (fresh && !retired);
    }
  }

  Entry& entry_of(SubjectId subject) {
    const auto [found, is_new] = by_subject_.try_emplace(subject.index, entries_.size());
    if (is_new) {
      Standing standing{observation_.info(subject), {}, {}};
      const auto parent = standing.subject.parent;
      const bool in_group = parent && standing.subject.key.kind == SubjectKind::kProcess;
      if (in_group) standing.group = observation_.info(*parent).key.name;
      entries_.push_back({std::move(standing), false});
    }
    return entries_[found->second];
  }

  const Observation& observation_;
  BootTime time_;
  std::unordered_map<std::uint32_t, std::size_t> by_subject_;
  std::vector<Entry> entries_;
  bool seen_ = false;
};

}  // namespace

std::optional<std::int64_t> Standing::value(Metric metric) const {
  const auto found = values.find(metric);
  if (found == values.end()) return std::nullopt;
  return found->second;
}

Picture picture_of(const Observation& observation, BootTime time) {
  Picture picture;
  picture.host = observation.host;
  picture.boot = time;
  for (std::size_t i = 0; i < model::kSubjectKindCount; ++i) {
    const auto kind = static_cast<SubjectKind>(i);
    if (std::ranges::find(aspects(), kind, &Aspect::kind) == aspects().end()) continue;
    picture.of(kind) = Collector(observation, time).collect(kind);
  }
  for (const MachineFigure& figure : machine_figures()) {
    if (const auto value = observation.at(model::Registry::machine_id(), figure.metric, time)) {
      picture.machine[figure.metric] = *value;
    }
  }
  return picture;
}

BootTime first_whole_moment(const Observation& observation, BootTime time, Nanoseconds patience) {
  BootTime whole = time;
  for (std::size_t i = 0; i < model::all_metrics().size(); ++i) {
    const auto metric = static_cast<Metric>(i);
    const SubjectKind kind = model::info(metric).subject;
    const bool has_table = std::ranges::find(aspects(), kind, &Aspect::kind) != aspects().end();
    if (kind != SubjectKind::kMachine && (!has_table || witness_of(kind))) continue;
    std::optional<BootTime> first;
    for (const SubjectId subject : observation.subjects_with(metric)) {
      const BootTime begins = observation.find(subject, metric)->front().time;
      if (!first || begins < *first) first = begins;
    }
    if (first && *first > whole && *first - time <= patience) whole = *first;
  }
  return whole;
}

}  // namespace leakscope::analysis::difference
