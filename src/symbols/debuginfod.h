#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace leakscope::symbols {

/// Fetches the debug information of a build from the servers in DEBUGINFOD_URLS and gives the path of the copy in the
/// user's cache. The one thing in leakscope that uses the network: only when it was asked for. libdebuginfod is loaded
/// here and now, nothing needs it otherwise: kUnsupported where it is not installed or no server is named, kNotFound
/// when no server has it.
[[nodiscard]] Result<std::string> find_debuginfo(std::string_view build_id);

}  // namespace leakscope::symbols
