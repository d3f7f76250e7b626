#pragma once

#include "render/text/pen.h"
#include "report/document.h"

namespace leakscope::render::text {

/// Leaks and growth, numbered, each with its evidence, holders and next commands.
void write_growing(Pen& pen, const report::Document& document);
/// What rose and is no leak, a wrapped line per state; and what cannot be told yet.
void write_harmless(Pen& pen, const report::Document& document);

}  // namespace leakscope::render::text
