#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "findings/judge.h"

namespace leakscope::findings {

/// What stands at the top of an answer. Names are raw foreign bytes.
struct Headline {
  /// One sentence that a tired person can act on, without the verdict's word: "the kernel: slab cache kmalloc-4k grows
  /// by 39.8 MiB/min (37.1 to 42.3) and explains 97 % of what this machine lost."
  std::string sentence;
  /// Further sentences: what is left and until when, whether the machine struggles.
  std::vector<std::string> details;
};

/// `window` is how long was watched.
[[nodiscard]] Headline headline_of(const Judged& judged, Nanoseconds window);

}  // namespace leakscope::findings
