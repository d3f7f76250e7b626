#pragma once

#include "render/text/pen.h"
#include "report/document.h"

namespace leakscope::render::text {

/// Events that can explain a step; in verbose output all of them.
void write_events(Pen& pen, const report::Document& document);
/// What could not be seen, grouped by what opens it, and what was lost.
void write_limits(Pen& pen, const report::Document& document);

}  // namespace leakscope::render::text
