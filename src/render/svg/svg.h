#pragma once

#include <string>

#include "base/error.h"
#include "report/document.h"

namespace leakscope::render::svg {

/// The sites of the profile as a flame graph: one SVG file that needs nothing else. The outermost functions stand at
/// the bottom, a bar is as wide as what was taken below it, and on top of each stack stands the cache or allocator that
/// it was taken from, with the state of its site in words and in its pattern: stripes grow or are lost, dots are blind.
///
/// In a browser a click on a bar zooms in, "Search" marks functions and says what they hold together, Escape goes back;
/// what a bar stands for is told below the graph and as its tooltip. Without its script (in a viewer of pictures) it
/// shows the same graph. Colors tell modules apart, the same in every graph, and follow the reader's light or dark
/// scheme; none is needed to read it. Bars too narrow to be seen are left out, and how much that is is said. Names are
/// escaped twice: by printable(), and for XML. kUsage when the document has no profile.
[[nodiscard]] Result<std::string> to_svg(const report::Document& document);

}  // namespace leakscope::render::svg
