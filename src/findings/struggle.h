#pragma once

#include <string>
#include <vector>

#include "findings/facts.h"

namespace leakscope::findings {

/// A sign that the machine is short of memory, or of something countable.
struct Struggle {
  model::Metric metric{};  ///< names the file
  std::string text;        ///< "it swaps: 10.0 MiB/s out, 0 B/s in"
};

/// Every sign right now, memory first. No leak by itself, but what a person must know: it swaps, scans, stalls, kills,
/// or stands close to a limit.
[[nodiscard]] std::vector<Struggle> struggle_of(const Facts& facts);

}  // namespace leakscope::findings
