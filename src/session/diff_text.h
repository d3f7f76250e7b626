#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/difference/compare.h"
#include "session/diff_side.h"

namespace leakscope::session {

/// The answer in a sentence: in what time the machine lost how much, and to whom. Never that it leaks.
[[nodiscard]] std::string headline_of(const analysis::difference::Difference& difference, std::int64_t at_least);

/// Who is new and who is gone, what could not be compared and why, and what tells more.
[[nodiscard]] std::vector<std::string> notes_on(const DiffSides& sides,
                                                const analysis::difference::Difference& difference, bool grew);

}  // namespace leakscope::session
