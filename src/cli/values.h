#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "base/time.h"

namespace leakscope::cli {

/// "60s", "500ms", "10m", "1h30m", "2d"; a bare number is seconds. More than nothing, at most ten years.
[[nodiscard]] Result<Nanoseconds> parse_duration(std::string_view text);

/// "64MiB", "8M", "1.5G", "4096": binary units, a bare number is bytes.
[[nodiscard]] Result<Bytes> parse_size(std::string_view text);

}  // namespace leakscope::cli
