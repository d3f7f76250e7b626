#pragma once

#include <string>

#include "base/error.h"
#include "render/text/text.h"
#include "report/document.h"

namespace leakscope::render::text {

/// The sites of the profile as one call tree for a person at a terminal, outermost functions first, each with the bytes
/// taken below it and their share; where functions end in sites, with their caches and states. Functions below 1 % are
/// summed up, unless verbose. A function that calls just one other has it below itself, without indentation. What could
/// not be seen stands at the end. kUsage when the document has no profile.
[[nodiscard]] Result<std::string> to_tree(const report::Document& document, const Options& options);

}  // namespace leakscope::render::text
