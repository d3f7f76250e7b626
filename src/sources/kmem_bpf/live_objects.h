#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/profile.h"

namespace leakscope::sources::kmem_bpf {

/// What is live at the end, from the values of the table (wire/kmem_record.h).
struct LiveObjects {
  std::uint32_t site = 0;
  std::uint64_t count = 0;
  std::uint64_t young = 0;
  std::optional<model::Ages> ages;
  struct Task {
    std::uint32_t tid = 0;
    std::uint64_t count = 0;
  };
  std::vector<Task> tasks;  ///< most first, a dozen at most
};

/// The clock of the values: what it shows now, and how long its units are. A value's time has 26 bits and wraps.
struct ValueClock {
  std::uint64_t now = 0;
  double seconds_per_unit = 0;  ///< 0: not known, so no ages
};

/// By site, in its order. Sorts the values.
[[nodiscard]] std::vector<LiveObjects> survey(std::span<std::uint64_t> values, const ValueClock& clock,
                                              double older_seconds);

}  // namespace leakscope::sources::kmem_bpf
