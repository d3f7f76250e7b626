#pragma once

#include <string>
#include <vector>

#include "findings/judge.h"

namespace leakscope::findings {

/// One sentence that a tired person can act on: "the kernel: slab cache kmalloc-4k grows 39.8 MiB/min (37.1 MiB to
/// 42.3 MiB) and explains 97 % of what this machine lost." The verdict's word stands before it and is the renderer's.
/// Names are raw foreign bytes.
[[nodiscard]] std::string headline(const Judged& judged);

/// Further sentences: what is left and until when, what else grows, down to which rate it would have been noticed, how
/// the machine is doing.
[[nodiscard]] std::vector<std::string> details(const Judged& judged);

}  // namespace leakscope::findings
