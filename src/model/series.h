#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/process_id.h"
#include "base/time.h"
#include "model/coverage.h"
#include "model/event.h"
#include "model/host.h"
#include "model/metric.h"
#include "model/registry.h"
#include "model/sample.h"

namespace leakscope::model {

struct SeriesKey {
  SubjectId subject;
  Metric metric{};
  friend constexpr auto operator<=>(SeriesKey, SeriesKey) = default;
};

/// One point of a series.
struct Point {
  BootTime time;
  std::int64_t value = 0;
  friend bool operator==(const Point&, const Point&) = default;
};

/// One quantity of one subject over time: points in the order of time, no two at the same time.
using Series = std::vector<Point>;

/// Everything that was seen in a window, ready to be judged: all series, the events, the subjects, the host, what
/// could be seen and what was lost. Built sample by sample, live or from a recording, by the same code. Memory is
/// bounded: a series that outgrows `max_points` is halved (of each two neighbours the later is kept, so that levels
/// stay exact values that were measured), and is then filled at half the pace.
class Observation {
 public:
  explicit Observation(std::shared_ptr<Registry> registry, std::size_t max_points = 4096);

  /// Adds the readings of one sample. Samples come in the order of boot time; an earlier one is counted as loss.
  /// `stands_for`: it is the last of so many, the others of which were not read, since least_stride() said that no
  /// series would keep them.
  void add(const Sample& sample, std::uint32_t stands_for = 1);
  /// Every series keeps at most one point of so many samples.
  [[nodiscard]] std::uint32_t least_stride() const { return least_stride_; }

  [[nodiscard]] const Series* find(SeriesKey key) const;
  [[nodiscard]] const Series* find(SubjectId subject, Metric metric) const { return find({subject, metric}); }
  /// A machine-wide series.
  [[nodiscard]] const Series* find(Metric metric) const { return find(Registry::machine_id(), metric); }
  [[nodiscard]] std::optional<std::int64_t> first(SubjectId subject, Metric metric) const;
  [[nodiscard]] std::optional<std::int64_t> last(SubjectId subject, Metric metric) const;
  /// The last value at or before `time`.
  [[nodiscard]] std::optional<std::int64_t> at(SubjectId subject, Metric metric, BootTime time) const;
  /// Subjects that have at least one point of the metric, in the order of their index.
  [[nodiscard]] std::vector<SubjectId> subjects_with(Metric metric) const;

  /// By how much values of the series are rounded at most; 0: they are exact.
  [[nodiscard]] std::int64_t half_step(SubjectId subject, Metric metric) const;

  [[nodiscard]] const Registry& registry() const { return *registry_; }
  [[nodiscard]] Registry& registry() { return *registry_; }
  [[nodiscard]] SubjectInfo info(SubjectId id) const { return registry_->info(id); }

  [[nodiscard]] std::size_t samples() const { return samples_; }
  [[nodiscard]] std::optional<Moment> start() const { return start_; }
  [[nodiscard]] std::optional<Moment> end() const { return end_; }
  [[nodiscard]] Nanoseconds length() const { return start_ && end_ ? end_->boot - start_->boot : Nanoseconds{0}; }

  /// Starts and ends of processes and cgroups beyond kMostComings are counted as a loss: a recording of weeks would
  /// hold millions. The other kinds are rare, and all kept.
  static constexpr std::size_t kMostComings = 20'000;

  Host host;
  std::vector<Event> events;
  std::vector<Coverage> coverage;
  std::vector<Loss> losses;
  /// The programs that took the samples on the machine itself: watching costs memory, and is no finding.
  std::vector<ProcessId> observers;
  /// The axis is a guess: a log whose samples have no time. Nothing may be said in seconds for certain then.
  bool times_assumed = false;
  /// Of some format of a log more lines could not be read than could: what is missing is no proof of anything.
  bool hardly_read = false;

 private:
  struct Slot {
    Series points;
    std::uint32_t stride = 1;  ///< every stride-th point is kept
    std::uint32_t skipped = 0;
    std::int64_t half_step = 0;
  };

  std::shared_ptr<Registry> registry_;
  std::size_t max_points_;
  // One map per metric: a rule asks for all subjects of a metric, a sample brings them in runs.
  std::vector<std::unordered_map<std::uint32_t, Slot>> by_metric_;
  [[nodiscard]] const Slot* slot(SeriesKey key) const;
  void halve(Slot& slot);
  void keep_events(const std::vector<Event>& seen);

  std::size_t samples_ = 0;
  std::uint32_t least_stride_ = 1;
  std::size_t comings_ = 0;
  std::optional<std::size_t> disorder_lost_at_;  ///< which of `losses` counts samples out of order
  std::optional<std::size_t> comings_lost_at_;   ///< which of `losses` counts those that were not kept
  std::optional<Moment> start_;
  std::optional<Moment> end_;
};

}  // namespace leakscope::model
