#include "model/event.h"

#include <algorithm>
#include <array>

namespace leakscope::model {
namespace {

constexpr auto kWords = std::to_array<std::string_view>(
    {"process_start", "process_exit", "oom_kill", "kernel_message", "module_load", "module_unload", "cgroup_made",
     "cgroup_removed", "clock_step", "resume", "reboot", "recording_gap", "sysctl_change", "source_backoff"});
static_assert(kWords.size() == static_cast<std::size_t>(EventKind::kSourceBackoff) + 1);

}  // namespace

std::string_view to_string(EventKind kind) { return kWords[static_cast<std::size_t>(kind)]; }

std::optional<EventKind> event_kind_from_string(std::string_view word) {
  const auto found = std::ranges::find(kWords, word);
  if (found == kWords.end()) return std::nullopt;
  return static_cast<EventKind>(found - kWords.begin());
}

}  // namespace leakscope::model
