#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/trend/trend.h"
#include "base/process_id.h"
#include "base/time.h"
#include "findings/quantity.h"
#include "model/series.h"
#include "model/subject.h"

namespace leakscope::findings {

/// When one round of a load went on, on the axis of series.
struct RoundTime {
  BootTime start;  ///< the round before was over
  BootTime rest;   ///< the load had ended and the machine had begun to settle: from here to `end` nothing ran
  BootTime end;    ///< it had settled
};

/// An observation that was made around rounds of a load: each series is judged by its levels after the rounds. The
/// first round is always a warm-up (programs are loaded, caches filled), and only its level at the end counts.
struct Rounds {
  std::vector<RoundTime> done;
  /// The one process that is asked about (--pid); of other programs nothing is judged then.
  std::optional<ProcessId> only{};
  /// Slab caches were shrunk before each look, so that their objects in use are counted exactly.
  bool slabs_are_exact = false;
};

/// What would have been noticed where nothing was.
struct Detectable {
  std::string of;  ///< "its heap", "descriptors"
  model::Unit unit = model::Unit::kBytes;
  std::int64_t per_round = 0;  ///< rounded up
};

/// Judges a series by its levels after each round.
[[nodiscard]] analysis::trend::Judgement judge_in_rounds(const model::Series& series, const Rounds& rounds,
                                                         double quantum, bool is_shared,
                                                         const analysis::trend::Options& options);

/// In rounds a small amount counts: what a quantity must move by (pages where a counter counts these).
[[nodiscard]] std::int64_t floor_in_rounds(const QuantityInfo& quantity);
/// The least a quantity of the subject can move by: 1, 16 bytes of a heap, a page, all objects of a slab.
[[nodiscard]] double quantum_in_rounds(const QuantityInfo& quantity, const model::Observation& observation,
                                       model::SubjectId subject, const Rounds& rounds);
/// Whether the subject is one that was not asked about.
[[nodiscard]] bool is_left_out(const QuantityInfo& quantity, const model::SubjectInfo& subject, const Rounds& rounds);

}  // namespace leakscope::findings
