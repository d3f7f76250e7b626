#pragma once

#include <string_view>

namespace leakscope::render::svg {

/// What makes the graph answer to clicks and keys. Constant: nothing foreign is ever part of it.
[[nodiscard]] std::string_view script();

}  // namespace leakscope::render::svg
