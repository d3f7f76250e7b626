#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace leakscope::model {

/// What one source could see: absent, zero, unknown and denied are four things.
struct Coverage {
  enum class State : std::uint8_t { kOk, kAbsent, kDenied, kPartial };

  std::string source;  ///< "slabinfo"
  State state = State::kOk;
  std::string why;     ///< empty when ok; else one clause a person understands
  std::string remedy;  ///< the exact command or boot option that opens it; empty when there is none

  friend bool operator==(const Coverage&, const Coverage&) = default;
};

[[nodiscard]] std::string_view to_string(Coverage::State state);
/// kDenied for kDenied, kAbsent for kNotFound and kUnsupported, kPartial for all else.
[[nodiscard]] Coverage coverage_from_error(std::string source, const Error& error, std::string remedy = {});

/// What we know we did not see.
struct Loss {
  std::string source;
  std::string what;  ///< "samples late", "processes that ended while read"
  std::uint64_t count = 0;
  std::uint64_t of = 0;  ///< of how many; 0: not known

  friend bool operator==(const Loss&, const Loss&) = default;
};

}  // namespace leakscope::model
