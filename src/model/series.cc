#include "model/series.h"

#include <algorithm>

namespace leakscope::model {

Observation::Observation(std::shared_ptr<Registry> registry, std::size_t max_points)
    : registry_(std::move(registry)),
      max_points_(std::max<std::size_t>(max_points, 16)),
      by_metric_(all_metrics().size()) {}

void Observation::halve(Slot& slot) {
  Series& points = slot.points;
  for (std::size_t i = 0; i < points.size() / 2; ++i) points[i] = points[2 * i + 1];
  points.resize(points.size() / 2);
  slot.stride *= 2;
  // What ended long ago asks for nothing any more.
  const BootTime recent = points[points.size() / 2].time;
  least_stride_ = slot.stride;
  for (const auto& slots : by_metric_) {
    for (const auto& [index, other] : slots) {
      const bool goes_on = !other.points.empty() && other.points.back().time >= recent;
      if (goes_on) least_stride_ = std::min(least_stride_, other.stride);
    }
  }
}

void Observation::add(const Sample& sample, std::uint32_t stands_for) {
  if (end_ && sample.time.boot < end_->boot) {
    if (!disorder_lost_at_) {
      disorder_lost_at_ = losses.size();
      losses.push_back({"sampler", "samples out of order", 0, 0});
    }
    ++losses[*disorder_lost_at_].count;
    return;
  }
  if (!start_) start_ = sample.time;
  end_ = sample.time;
  samples_ += stands_for;
  for (const Reading& reading : sample.readings) {
    Slot& slot = by_metric_[static_cast<std::size_t>(reading.metric)][reading.subject.index];
    Series& points = slot.points;
    if (!points.empty() && points.back().time == sample.time.boot) {
      points.back().value = reading.value;
      continue;
    }
    slot.skipped += points.empty() ? 1 : stands_for;
    if (slot.skipped < slot.stride) continue;
    slot.skipped = 0;
    points.push_back({sample.time.boot, reading.value});
    if (points.size() == 1) least_stride_ = 1;
    if (points.size() >= max_points_) halve(slot);
  }
  for (const Rounding& rounding : sample.rounded) {
    Slot& slot = by_metric_[static_cast<std::size_t>(rounding.metric)][rounding.subject.index];
    slot.half_step = std::max(slot.half_step, rounding.half_step);
  }
  keep_events(sample.events);
}

void Observation::keep_events(const std::vector<Event>& seen) {
  for (const Event& event : seen) {
    const bool is_coming = event.kind == EventKind::kProcessStart || event.kind == EventKind::kProcessExit ||
                           event.kind == EventKind::kCgroupMade || event.kind == EventKind::kCgroupRemoved;
    if (!is_coming || ++comings_ <= kMostComings) {
      events.push_back(event);
      continue;
    }
    if (!comings_lost_at_) {
      comings_lost_at_ = losses.size();
      losses.push_back({"events", "later starts and ends of processes and cgroups not listed", 0, 0});
    }
    ++losses[*comings_lost_at_].count;
  }
}

const Observation::Slot* Observation::slot(SeriesKey key) const {
  const auto& map = by_metric_[static_cast<std::size_t>(key.metric)];
  const auto found = map.find(key.subject.index);
  return found == map.end() ? nullptr : &found->second;
}

const Series* Observation::find(SeriesKey key) const {
  const Slot* found = slot(key);
  return found == nullptr ? nullptr : &found->points;
}

std::int64_t Observation::half_step(SubjectId subject, Metric metric) const {
  const Slot* found = slot({subject, metric});
  return found == nullptr ? 0 : found->half_step;
}

std::optional<std::int64_t> Observation::first(SubjectId subject, Metric metric) const {
  const Series* series = find(subject, metric);
  if (series == nullptr || series->empty()) return std::nullopt;
  return series->front().value;
}

std::optional<std::int64_t> Observation::last(SubjectId subject, Metric metric) const {
  const Series* series = find(subject, metric);
  if (series == nullptr || series->empty()) return std::nullopt;
  return series->back().value;
}

std::optional<std::int64_t> Observation::at(SubjectId subject, Metric metric, BootTime time) const {
  const Series* series = find(subject, metric);
  if (series == nullptr) return std::nullopt;
  const auto after = std::ranges::upper_bound(*series, time, {}, &Point::time);
  if (after == series->begin()) return std::nullopt;
  return std::prev(after)->value;
}

std::vector<SubjectId> Observation::subjects_with(Metric metric) const {
  std::vector<SubjectId> subjects;
  for (const auto& [index, slot] : by_metric_[static_cast<std::size_t>(metric)]) {
    if (!slot.points.empty()) subjects.push_back(SubjectId{index});
  }
  std::ranges::sort(subjects);
  return subjects;
}

}  // namespace leakscope::model
