#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace leakscope::render::pprof {

/// As one gzip member without name and time: the same bytes give the same file.
[[nodiscard]] Result<std::string> gzip(std::string_view bytes);

}  // namespace leakscope::render::pprof
