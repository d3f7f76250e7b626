#pragma once

#include <string>
#include <string_view>

namespace leakscope::render::svg {

/// The style sheet: one look for light, one for dark.
[[nodiscard]] std::string style();

/// The class of bars that belong to a module: "k" the kernel itself, "u" where it is not known, else by its name.
[[nodiscard]] std::string module_class(std::string_view module);

}  // namespace leakscope::render::svg
