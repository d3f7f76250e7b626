#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "model/coverage.h"
#include "model/event.h"
#include "model/metric.h"
#include "model/registry.h"

namespace leakscope::model {

/// One value that a source saw. Amounts are in the metric's unit.
struct Reading {
  SubjectId subject;
  Metric metric{};
  std::int64_t value = 0;
  friend bool operator==(const Reading&, const Reading&) = default;
};

/// Values of this series are rounded by so much at most, in the metric's unit: a log of "1.2Gi".
struct Rounding {
  SubjectId subject;
  Metric metric{};
  std::int64_t half_step = 0;
  friend bool operator==(const Rounding&, const Rounding&) = default;
};

/// What the sources that were due saw at one time. A subject and metric without a reading were not measured in this
/// sample: that is neither zero nor "unchanged". A sample is reused from tick to tick, so that taking one allocates
/// nothing once its vectors have grown.
struct Sample {
  Moment time;
  std::vector<Reading> readings;
  std::vector<Event> events;
  std::vector<SubjectId> retired;  ///< subjects that ended since the last sample
  std::vector<Rounding> rounded;   ///< logs alone: of the readings that are not exact

  void clear() {
    rounded.clear();
    readings.clear();
    events.clear();
    retired.clear();
  }
};

/// What a source writes into while it samples.
class SampleSink {
 public:
  SampleSink(Registry& registry, Sample& sample) : registry_(registry), sample_(sample) {}

  [[nodiscard]] Registry& registry() { return registry_; }
  [[nodiscard]] const Moment& time() const { return sample_.time; }

  void put(SubjectId subject, Metric metric, std::int64_t value) {
    sample_.readings.push_back({subject, metric, value});
  }
  /// For metrics of the machine itself.
  void put(Metric metric, std::int64_t value) { put(Registry::machine_id(), metric, value); }
  void event(EventKind kind, std::optional<SubjectId> subject, std::string text) {
    sample_.events.push_back({sample_.time, kind, subject, std::move(text)});
  }
  void event(Event event) { sample_.events.push_back(std::move(event)); }
  /// The subject has ended. Its readings of earlier samples stay.
  void retire(SubjectId subject) {
    registry_.retire(subject);
    sample_.retired.push_back(subject);
  }

 private:
  Registry& registry_;
  Sample& sample_;
};

}  // namespace leakscope::model
