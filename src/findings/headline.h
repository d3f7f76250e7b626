#pragma once

#include <string>
#include <vector>

#include "findings/judge.h"

namespace leakscope::findings {

/// One sentence that a tired person can act on, without the verdict's word: "the kernel: slab cache kmalloc-4k grows by
/// 39.8 MiB/min (37.1 to 42.3) and explains 97 % of what this machine lost." Names are raw foreign bytes.
[[nodiscard]] std::string headline(const Judged& judged);

/// Further sentences: what is left and until when, whether the machine struggles.
[[nodiscard]] std::vector<std::string> details(const Judged& judged);

}  // namespace leakscope::findings
