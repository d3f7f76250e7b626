#pragma once

#include <cstdint>
#include <vector>

#include "model/coverage.h"

namespace leakscope::sources::perf_data {

/// What is known not to be seen of a perf.data.
struct Losses {
  std::uint64_t lost_records = 0;  ///< PERF_RECORD_LOST: what a full buffer refused, told when it had room again
  /// PERF_RECORD_LOST_SAMPLES: since 6.1 perf asks each event at the end how many of its records were refused. These
  /// are the same ones (kernel/events/ring_buffer.c __perf_output_begin() counts both), but none is missing.
  std::uint64_t lost_samples = 0;
  std::uint64_t throttled = 0;
  std::uint64_t unknown_event = 0;  ///< samples of none of the events that the file describes
  std::uint64_t damaged = 0;        ///< records that do not hold what they should
  std::uint64_t late = 0;
  std::uint64_t cut_bytes = 0;
  std::uint64_t stacks_refused = 0;

  [[nodiscard]] std::vector<model::Loss> told(std::uint64_t events_read) const;
};

}  // namespace leakscope::sources::perf_data
