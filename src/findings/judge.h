#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/process_id.h"
#include "findings/finding.h"
#include "model/ledger.h"
#include "model/series.h"

namespace leakscope::findings {

/// How the decline of available memory divides: which rows of the ledger, then which subjects.
struct Decline {
  /// Bytes of MemAvailable and SwapFree gone in the window; negative: more is available now.
  std::int64_t available_lost = 0;
  std::optional<Interval> rate;  ///< bytes per second that available memory falls; nothing when it does not
  std::optional<std::int64_t> available_now;
  struct Part {
    std::string row;         ///< ledger row id, or "unattributed"
    std::int64_t bytes = 0;  ///< grew by
  };
  std::vector<Part> parts;  ///< rows that grew and are neither free nor cache, largest first
};

/// Everything that judging an observation gives.
struct Judged {
  Verdict verdict = Verdict::kInsufficient;
  std::vector<Finding>
      findings;  ///< leak and growing first, by share and amount; then what looks like a leak and is not
  Decline decline;
  std::optional<model::Ledger> ledger;    ///< of the last sample
  std::optional<double> detectable_rate;  ///< clean: the machine-wide bytes per second that would have been noticed
  std::optional<Nanoseconds> needed;      ///< insufficient: how long to watch
  std::vector<std::string> struggle;      ///< one sentence each: swapping, scanning, stalls
};

struct JudgeOptions {
  double q = 0.05;      ///< false discovery rate over all families together
  double alpha = 0.01;  ///< level of a single series
  /// The judging program itself, when it judges the machine it runs on: watching costs memory, and is no finding.
  std::optional<Pid> own_pid{};
};

/// Judges an observation: series tests over a hierarchy with several roots, rules, decomposition of the decline.
/// Pure: the same observation gives the same answer, live or replayed.
[[nodiscard]] Judged judge(const model::Observation& observation, const JudgeOptions& options);

}  // namespace leakscope::findings
