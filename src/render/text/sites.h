#pragma once

#include <string>

#include "render/text/pen.h"
#include "report/document.h"

namespace leakscope::render::text {

/// What the profile is about and how much it holds, in a line: "41.1 MiB by 5 sites: kernel memory taken in 60 s and
/// not given back".
[[nodiscard]] std::string profile_heading(const Pen& pen, const model::Profile& profile);

/// The sites of the document's profile: those that are lost or grow first, then what is merely held, then those of
/// which nothing can be said; each with what it holds, its stack and the processes it was in. Nothing without a
/// profile.
void write_sites(Pen& pen, const report::Document& document);

}  // namespace leakscope::render::text
