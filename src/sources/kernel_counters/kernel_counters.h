#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/error.h"
#include "base/rooted_dir.h"
#include "sources/log_format.h"
#include "sources/source.h"

namespace leakscope::sources::kernel_counters {

/// Sockets and tracked connections: sockstat.*, sockstat6.*, conntrack.*. Of our network namespace, but for the bytes
/// of buffers, which the kernel counts over all.
[[nodiscard]] Result<std::unique_ptr<Source>> open_socket_counters(const RootedDir& root, PageSize page_size);

/// /proc/net/sockstat and sockstat6 as they stand in a log.
[[nodiscard]] std::unique_ptr<LogFormat> sockstat_log_format(PageSize page_size);

/// Dentries, inodes, open files, and the limits of files, pids and threads: dentry.*, inode.*, file.*, limit.pid_max,
/// limit.threads_max.
[[nodiscard]] Result<std::unique_ptr<Source>> open_object_counters(const RootedDir& root);

/// System V IPC of our namespace: sysv.*, limits, and the segments that matter one by one (shm_segment.*): the 20
/// largest and those that nobody has attached. A segment that was removed is retired.
[[nodiscard]] Result<std::unique_ptr<Source>> open_sysvipc(const RootedDir& root);

/// Kernel modules: module.size, and the events kModuleLoad and kModuleUnload from the second read on. An unloaded
/// module is retired.
[[nodiscard]] Result<std::unique_ptr<Source>> open_modules(const RootedDir& root);

}  // namespace leakscope::sources::kernel_counters
