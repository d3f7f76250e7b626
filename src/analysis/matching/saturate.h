#pragma once

#include <cstdint>
#include <limits>

namespace leakscope::analysis::matching {

/// Sums are kept modulo 2^64, where taking off what was added is exact whatever a hostile trace claims.
[[nodiscard]] constexpr std::int64_t saturated(std::uint64_t sum) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(sum < kMost ? sum : kMost);
}

}  // namespace leakscope::analysis::matching
