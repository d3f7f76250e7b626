#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/ledger.h"
#include "session/oom_ledger.h"
#include "session/oom_log.h"

namespace leakscope::session {

/// What one OOM report comes to, in words. Names are raw foreign bytes.
struct OomStory {
  /// "OOM at 2025-08-12 03:54:03: php-fpm asked for 4.00 KiB; the limit of cgroup /lxc/39004 (29.8 GiB) was reached,
  /// the machine was not short; php-fpm (3902942, 12.0 GiB) was killed. 23 php-fpm held 29.6 GiB (99 %)."
  std::string headline;
  /// What else matters: swap, fragmentation, pages in no counter, what the victim had in contrast.
  std::vector<std::string> details;
};

[[nodiscard]] OomStory story_of(const LoggedReport& logged, const std::optional<model::Ledger>& ledger,
                                const std::vector<TaskGroup>& groups);

/// "2025-08-12 03:54:03", "10659.8 s after boot", "an unknown time"
[[nodiscard]] std::string time_text(const LoggedReport& logged);
/// "the machine", "cgroup /lxc/39004", "nodes 0 of cpuset web"
[[nodiscard]] std::string short_of(const sources::oom_report::OomReport& report);

}  // namespace leakscope::session
