#pragma once

#include <optional>

#include "findings/draft.h"

namespace leakscope::findings {

/// What is left for a draft to grow into, in its unit: for bytes MemAvailable and free swap, or what is left of the
/// tightest limited cgroup around the subject, its swap included; for counts the distance to the nearest limit, those
/// of cgroups included, or without one how many more the memory that comes along with each leaves room for. Nothing
/// when not known.
[[nodiscard]] std::optional<double> headroom_of(const Draft& draft, const Facts& facts);

/// [headroom / upper rate, headroom / lower rate]; nothing when the lower bound of the rate is not above zero.
[[nodiscard]] std::optional<Finding::Eta> eta_of(double headroom, const Interval& rate);

}  // namespace leakscope::findings
