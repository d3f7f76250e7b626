#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace leakscope::render::svg {

/// Foreign bytes by printable(), so that no character is left that XML forbids; at most `most` code points of them.
[[nodiscard]] std::string readable(std::string_view foreign, std::size_t most);
/// Readable text cut to `most` code points, with ".." at the end where something was left out.
[[nodiscard]] std::string shortened(std::string_view readable_text, std::size_t most);

/// Readable text for an XML document, in elements and in quoted attributes alike: & < > " ' as entities.
[[nodiscard]] std::string escaped(std::string_view readable_text);

}  // namespace leakscope::render::svg
