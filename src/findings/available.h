#pragma once

#include "model/metric.h"
#include "model/series.h"

namespace leakscope::findings {

/// What stands for the memory that can still be had: MemAvailable, or where a log tells none (vmstat, free before
/// procps 3.3.10, kernels before 3.14) free memory and all cache, which counts shared memory as if it could be had.
[[nodiscard]] inline model::Metric available_metric(const model::Observation& observation) {
  const bool estimated = observation.find(model::Metric::kMeminfoMemAvailable) == nullptr &&
                         observation.find(model::Metric::kFreeAndCache) != nullptr;
  return estimated ? model::Metric::kFreeAndCache : model::Metric::kMeminfoMemAvailable;
}

}  // namespace leakscope::findings
