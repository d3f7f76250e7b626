#pragma once

#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"

namespace leakscope::session {

/// What "-" is called in messages.
inline constexpr std::string_view kStandardInput = "standard input";

/// A descriptor of its own for standard input, which no child inherits.
[[nodiscard]] Result<UniqueFd> standard_input();

}  // namespace leakscope::session
