#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/process_id.h"
#include "findings/finding.h"
#include "findings/rounds.h"
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
  std::vector<Part> parts;                      ///< rows that grew and are neither free nor cache, largest first
  std::optional<std::int64_t> swap_free_now{};  ///< nothing: not known, or there was no swap in the window
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
  std::string doubt;                      ///< insufficient though enough was seen: why it is not clean
  bool in_part = false;                   ///< the machine's available memory was not seen: a log of slab caches, of ps
  std::vector<std::string> struggle;      ///< one sentence each: swapping, scanning, stalls
  std::vector<Detectable> detectable;     ///< in rounds: what each would have shown had it lost that much per round
  std::optional<std::size_t> rounds;      ///< rounds of a load that were judged; nothing: by time
  std::optional<int> rounds_needed;  ///< insufficient: rounds that would tell what the load loses from what time does
};

struct JudgeOptions {
  double q = 0.05;      ///< false discovery rate over all families together
  double alpha = 0.01;  ///< level of a single series
  /// The observation was made around rounds of a load, and is judged by these instead of by time.
  std::optional<Rounds> rounds{};
};

/// Judges an observation: series tests over a hierarchy with several roots, rules, decomposition of the decline.
/// Pure: the same observation gives the same answer, live or replayed.
[[nodiscard]] Judged judge(const model::Observation& observation, const JudgeOptions& options);

}  // namespace leakscope::findings
