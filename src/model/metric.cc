#include "model/metric.h"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace leakscope::model {
namespace {

constexpr auto kTable = std::to_array<MetricInfo>({
#define LEAKSCOPE_METRIC(enumerator, name, unit, kind, subject, source, meaning) \
  {name, Unit::unit, MetricKind::kind, SubjectKind::subject, source, meaning},
#include "model/metrics.def"
#undef LEAKSCOPE_METRIC
});

}  // namespace

std::string_view to_string(Unit unit) {
  switch (unit) {
    case Unit::kBytes:
      return "bytes";
    case Unit::kCount:
      return "count";
    case Unit::kNanoseconds:
      return "ns";
    case Unit::kPercentMilli:
      return "milli-percent";
  }
  return "count";
}

const MetricInfo& info(Metric metric) { return kTable[static_cast<std::size_t>(metric)]; }

std::span<const MetricInfo> all_metrics() { return kTable; }

std::optional<Metric> metric_from_name(std::string_view name) {
  static const auto* const kByName = [] {
    auto* map = new std::unordered_map<std::string_view, Metric>;
    for (std::size_t i = 0; i < kTable.size(); ++i) map->emplace(kTable[i].name, static_cast<Metric>(i));
    return map;
  }();
  const auto found = kByName->find(name);
  if (found == kByName->end()) return std::nullopt;
  return found->second;
}

}  // namespace leakscope::model
