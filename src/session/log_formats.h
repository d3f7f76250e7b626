#pragma once

#include <memory>
#include <vector>

#include "base/bytes.h"
#include "sources/log_format.h"

namespace leakscope::session {

/// Every format that may stand in a log: one row each. The order matters where two would begin with the same line.
[[nodiscard]] std::vector<std::unique_ptr<sources::LogFormat>> log_formats(PageSize page_size);

}  // namespace leakscope::session
