#pragma once

#include <string_view>

#include "base/error.h"

namespace leakscope::sources::recording {

/// Writes all bytes to a pipe, socket or redirection, and waits for whoever reads it. kGone when nobody does any more;
/// whoever uses it ignores SIGPIPE.
[[nodiscard]] Result<> write_stream(int fd, std::string_view bytes);

}  // namespace leakscope::sources::recording
