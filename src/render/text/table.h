#pragma once

#include "render/text/pen.h"
#include "report/document.h"

namespace leakscope::render::text {

/// A title, a line of column titles, and the rows: numbers to the right, text to the left. Where the terminal is too
/// narrow, the widest columns of text lose their middle.
void write_table(Pen& pen, const report::Table& table);

}  // namespace leakscope::render::text
