#pragma once

#include <optional>
#include <string>

#include "analysis/trend/grid.h"
#include "analysis/trend/trend.h"

namespace leakscope::analysis::trend {

/// The covariate that explains the rise of the envelope, if one does: memory that is held per unit of work under way
/// rises and falls with it. A counter is turned into its rate, so a leak per request under steady load is not explained
/// (a steady rate explains nothing), and neither is one under a rising load (memory then follows the sum of the work
/// and not its rate). A covariate that is no more than a straight line explains nothing either: time would do as well.
/// Nor does one explain memory that is no more than that.
[[nodiscard]] std::optional<std::string> explaining_load(const Blocks& envelope, BootTime origin, double least_rise,
                                                         const Options& options);

}  // namespace leakscope::analysis::trend
