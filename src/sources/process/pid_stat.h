#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "base/process_id.h"

namespace leakscope::sources::process {

/// What /proc/PID/stat says of one process (fs/proc/array.c do_task_stat; 4.4 to 6.18). Readable for everybody.
///   812 (cat) R 811 812 320 0 -1 4194304 104 0 0 0 7 2 0 0 20 0 1 0 156586 3133440 366 18446744073709551615 ...
struct PidStat {
  ProcessId id;           ///< fields 1 and 22
  std::string_view comm;  ///< a part of the parsed text; any bytes, also ") R (" and newlines
  char state = '?';       ///< R, S, D, Z, T, t, X, I
  std::int32_t parent = 0;
  std::uint64_t flags = 0;          ///< PF_* of include/linux/sched.h
  std::uint64_t user_ticks = 0;     ///< CPU time of all its threads, ended ones included, in 1/100 s (USER_HZ)
  std::uint64_t system_ticks = 0;   ///< the same, in the kernel
  std::int64_t threads = 0;         ///< 0 for a process that is gone
  std::uint64_t vm_size = 0;        ///< bytes
  std::int64_t resident_pages = 0;  ///< pages of all kinds

  [[nodiscard]] bool is_kernel_thread() const { return (flags & 0x0020'0000U) != 0; }  // PF_KTHREAD, 2.6.27 to 6.18
  [[nodiscard]] bool is_zombie() const { return state == 'Z' || state == 'X'; }
};

/// kMalformed names the field; kTruncated when the line ends before the resident pages do.
[[nodiscard]] Result<PidStat> parse_pid_stat(std::string_view text);

}  // namespace leakscope::sources::process
