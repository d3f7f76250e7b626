#pragma once

#include <cstdint>
#include <string>

#include "findings/finding.h"
#include "model/metric.h"

namespace leakscope::report {

/// Figures for people, the same in headlines and in text output. Bytes are scaled to KiB, MiB..., three digits.

/// "112,304".
[[nodiscard]] std::string to_human_count(std::int64_t count);
/// "39.8 MiB", "112,304", "1.5 s", "12.5 %".
[[nodiscard]] std::string to_human(std::int64_t amount, model::Unit unit);
/// "+39.8 MiB", "-12", "+0 B".
[[nodiscard]] std::string to_human_change(std::int64_t amount, model::Unit unit);
/// A share of one: "97 %", "0.4 %", "<0.1 %".
[[nodiscard]] std::string to_human_share(double share);

/// A rate per second, over the shortest of min, h and day in which it comes to 1 MiB or to three: "39.8 MiB/min".
[[nodiscard]] std::string to_human_rate(double per_second, model::Unit unit);
/// The same with its interval in the same units: "+39.8 MiB/min (37.1 to 42.3)".
[[nodiscard]] std::string to_human_rate(const findings::Interval& per_second, model::Unit unit);
/// "+1.25 MiB/round (1.20 to 1.31)".
[[nodiscard]] std::string to_human_per_round(const findings::Interval& per_round, model::Unit unit);

}  // namespace leakscope::report
