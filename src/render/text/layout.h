#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace leakscope::render::text {

// Widths are counted in code points of valid UTF-8, which printable() has made sure of.

[[nodiscard]] std::size_t columns(std::string_view text);
/// The first `count` code points.
[[nodiscard]] std::string_view first_columns(std::string_view text, std::size_t count);

[[nodiscard]] std::string pad_right(std::string_view text, std::size_t width);
[[nodiscard]] std::string pad_left(std::string_view text, std::size_t width);

/// A text that is wider than `width` loses its middle: "/kubepods.sl…9e8f.scope".
[[nodiscard]] std::string cut_middle(std::string_view text, std::size_t width, std::string_view ellipsis);

/// Breaks at blanks into lines of at most `width`; a word that is longer is broken where it must be. Never empty.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t width);

}  // namespace leakscope::render::text
