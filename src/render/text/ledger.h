#pragma once

#include "model/ledger.h"
#include "render/text/pen.h"

namespace leakscope::render::text {

/// The ledger as a stacked bar, a row per class with its parts, the rest, and what stands outside the sum.
void write_ledger(Pen& pen, const model::Ledger& ledger);

}  // namespace leakscope::render::text
