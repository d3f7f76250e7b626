#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/sample.h"
#include "sources/parse_faults.h"

namespace leakscope::sources::procfs {

/// What one file said of the machine as a whole: values by metric, in the metric's unit, and what could not be read.
/// A metric that the file does not have, or whose field could not be read, has no value. Meant to be reused from
/// sample to sample: it then allocates nothing.
class MachineValues {
 public:
  ParseFaults faults;

  void clear() {
    faults.clear();
    values_.clear();
  }
  /// Adds to what the metric has already: some metrics are the sum of several fields. A sum that does not fit into 64
  /// bits has no value.
  void add(model::Metric metric, std::int64_t value);
  /// A part of the metric could not be read: the metric has no value, whatever else is added.
  void spoil(model::Metric metric);

  [[nodiscard]] std::optional<std::int64_t> find(model::Metric metric) const;
  /// The number of metrics that have a value.
  [[nodiscard]] std::size_t size() const;
  void put_into(model::SampleSink& sink) const;

 private:
  struct Value {
    model::Metric metric{};
    bool spoiled = false;
    std::int64_t value = 0;
  };
  Value& slot(model::Metric metric);

  std::vector<Value> values_;
};

}  // namespace leakscope::sources::procfs
