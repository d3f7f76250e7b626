#pragma once

#include <string>

#include "render/text/pen.h"
#include "report/document.h"

namespace leakscope::render::text {

/// What a finding is about: its title, or where it has none, in a few words: "kmalloc-4k (slab cache)", "exporter (pid
/// 812, metrics.service): open descriptors". Foreign parts are escaped.
[[nodiscard]] std::string subject_label(const Pen& pen, const findings::Finding& finding);

}  // namespace leakscope::render::text
