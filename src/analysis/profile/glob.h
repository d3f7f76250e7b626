#pragma once

#include <span>
#include <string>
#include <string_view>

namespace leakscope::analysis::profile {

/// Whether a glob matches the whole text: '*' stands for any bytes, also none, '?' for one byte, all else for itself.
/// Bytes, not characters; nothing escapes. Takes at most the product of both lengths, whatever the pattern.
[[nodiscard]] bool glob_matches(std::string_view glob, std::string_view text);
[[nodiscard]] bool any_glob_matches(std::span<const std::string> globs, std::string_view text);

}  // namespace leakscope::analysis::profile
