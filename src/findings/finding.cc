#include "findings/finding.h"

#include <array>

namespace leakscope::findings {

std::string_view to_string(State state) {
  static constexpr auto kWords =
      std::to_array<std::string_view>({"leak", "growing", "saturating", "step", "follows_load", "cache", "fragmented",
                                       "retained", "clean", "insufficient"});
  return kWords[static_cast<std::size_t>(state)];
}

std::string_view to_string(Verdict verdict) {
  static constexpr auto kWords = std::to_array<std::string_view>({"leak", "suspect", "clean", "insufficient"});
  return kWords[static_cast<std::size_t>(verdict)];
}

std::string_view to_string(Domain domain) { return domain == Domain::kKernel ? "kernel" : "user"; }

std::string_view to_string(Confidence confidence) {
  static constexpr auto kWords = std::to_array<std::string_view>({"low", "medium", "high"});
  return kWords[static_cast<std::size_t>(confidence)];
}

std::string_view to_string(Pattern pattern) {
  static constexpr auto kWords = std::to_array<std::string_view>({"steady", "sporadic", "one_shot", "implicit"});
  return kWords[static_cast<std::size_t>(pattern)];
}

}  // namespace leakscope::findings
