#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/process_id.h"
#include "base/rooted_dir.h"
#include "sources/process/fdinfo.h"

namespace leakscope::sources::process {

/// The descriptors of one process by what they refer to.
struct FdScan {
  std::int64_t count = 0;
  FdKinds kinds{};
  std::int64_t inotify_watches = 0;
};

/// Looks at every descriptor (readlink of /proc/PID/fd/N, 1 to 2 us each; fdinfo of inotify ones). `proc` is /proc.
/// kDenied for other users' processes without CAP_SYS_PTRACE. `targets`, if given, receives each link.
[[nodiscard]] Result<FdScan> scan_fds(const RootedDir& proc, Pid pid, std::vector<std::string>* targets = nullptr);

/// The number of descriptors: st_size of /proc/PID/fd (6.2 and newer, fs/proc/fd.c proc_fd_getattr; works for
/// everybody), else and in recorded trees by counting its entries.
[[nodiscard]] Result<std::int64_t> count_fds(const RootedDir& proc, Pid pid, bool is_live);

}  // namespace leakscope::sources::process
