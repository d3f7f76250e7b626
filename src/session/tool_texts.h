#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/rooted_dir.h"
#include "model/coverage.h"
#include "model/registry.h"
#include "model/sample.h"
#include "session/oom_log.h"

namespace leakscope::session {

/// What `ps` printed of processes in each of several folders (sosreports keep no /proc/PID/stat), one sample per
/// folder in their order; empty when any of them holds none. Read as one history, so that a process is the same in all.
[[nodiscard]] std::vector<model::Sample> processes_told_by_ps(std::span<const RootedDir* const> folders,
                                                              const std::shared_ptr<model::Registry>& registry,
                                                              std::vector<model::Coverage>& coverage);

/// What the kernel logs in the folder tell: dmesg, journalctl, var/log/messages and their like. Names are as the folder
/// displays them.
[[nodiscard]] OomLog kernel_logs_of(const RootedDir& folder);

/// Texts of tools in the folder that nobody reads there, though `diagnose --from` would: free, slabtop, vmstat, sar.
[[nodiscard]] std::vector<std::string> texts_not_read(const RootedDir& folder);

}  // namespace leakscope::session
