#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "findings/finding.h"
#include "model/metric.h"

namespace leakscope::findings {

/// "112,304".
[[nodiscard]] std::string with_commas(std::int64_t number);
/// "39.1 MiB" or "112,304", by unit.
[[nodiscard]] std::string amount_text(model::Unit unit, double amount);
/// "+39.1 MiB", "-12".
[[nodiscard]] std::string rise_text(model::Unit unit, double rise);
/// "112,304 -> 122,489".
[[nodiscard]] std::string change_text(model::Unit unit, double from, double to);
/// "39.8 MiB/min (37.1 to 42.3)": per minute, hour or day, whichever gives a figure that one can read.
/// Counts may say of what: "600 descriptors/min (540 to 660)".
[[nodiscard]] std::string rate_text(model::Unit unit, const Interval& per_second, std::string_view of = {});
/// "1.00 descriptors per round (0.98 to 1.02)", "80 B of its heap per round (80 to 80)".
[[nodiscard]] std::string per_round_text(model::Unit unit, const Interval& per_round, std::string_view of = {});
/// "1 h 49 min to 2 h 4 min", "more than 3 h".
[[nodiscard]] std::string eta_text(const Finding::Eta& eta);

}  // namespace leakscope::findings
