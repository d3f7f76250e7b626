#pragma once

#include "analysis/difference/picture.h"
#include "sources/document/document.h"

namespace leakscope::session {

/// What a document of `leakscope status --json` says stood where: its ledger and its tables. It lists the largest
/// subjects only, and processes without their start times.
[[nodiscard]] analysis::difference::Picture picture_of(const sources::document::Document& document);

}  // namespace leakscope::session
