#include "sources/procfs/machine_values.h"

#include <algorithm>

#include "base/bytes.h"

namespace leakscope::sources::procfs {

MachineValues::Value& MachineValues::slot(model::Metric metric) {
  // From the back: the fields of one sum mostly stand beside each other.
  for (std::size_t i = values_.size(); i > 0; --i) {
    if (values_[i - 1].metric == metric) return values_[i - 1];
  }
  return values_.emplace_back(Value{.metric = metric});
}

void MachineValues::add(model::Metric metric, std::int64_t value) {
  Value& at = slot(metric);
  const auto sum = checked_add(at.value, value);
  if (sum) {
    at.value = *sum;
  } else {
    at.spoiled = true;
  }
}

void MachineValues::spoil(model::Metric metric) { slot(metric).spoiled = true; }

std::optional<std::int64_t> MachineValues::find(model::Metric metric) const {
  for (const Value& value : values_) {
    if (value.metric == metric && !value.spoiled) return value.value;
  }
  return std::nullopt;
}

std::size_t MachineValues::size() const {
  return static_cast<std::size_t>(std::ranges::count_if(values_, [](const Value& value) { return !value.spoiled; }));
}

void MachineValues::put_into(model::SampleSink& sink) const {
  for (const Value& value : values_) {
    if (!value.spoiled) sink.put(value.metric, value.value);
  }
}

}  // namespace leakscope::sources::procfs
