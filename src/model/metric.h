#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "model/subject.h"

namespace leakscope::model {

enum class Unit : std::uint8_t { kBytes, kCount, kNanoseconds, kPercentMilli /* 1/1000 of a percent */ };
/// "bytes", "count", "ns", "milli-percent".
[[nodiscard]] std::string_view to_string(Unit unit);

enum class MetricKind : std::uint8_t {
  kGauge,    ///< a level: may rise and fall
  kCounter,  ///< only rises, except when it starts anew (boot, wrap, device reset): differences count, resets do not
};

/// Every quantity that a source can report. The list with names, units and sources is in metric_table.cc; the names
/// ("meminfo.SUnreclaim") are what recordings and documents use, so enumerators may be reordered, names may not change.
enum class Metric : std::uint16_t {
#define LEAKSCOPE_METRIC(enumerator, name, unit, kind, subject, source, meaning) enumerator,
#include "model/metrics.def"
#undef LEAKSCOPE_METRIC
};

struct MetricInfo {
  std::string_view name;  ///< "meminfo.SUnreclaim"
  Unit unit;
  MetricKind kind;
  SubjectKind subject;       ///< the kind of subject it belongs to
  std::string_view source;   ///< the file a person can look at: "/proc/meminfo"
  std::string_view meaning;  ///< one clause, for docs/metrics.md
};

[[nodiscard]] const MetricInfo& info(Metric metric);
[[nodiscard]] std::span<const MetricInfo> all_metrics();
[[nodiscard]] std::optional<Metric> metric_from_name(std::string_view name);

}  // namespace leakscope::model
