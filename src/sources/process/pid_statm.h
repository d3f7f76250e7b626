#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace leakscope::sources::process {

/// /proc/PID/statm, in pages (fs/proc/array.c proc_pid_statm; 4.4 to 6.18): the cheapest file that tells anonymous
/// memory. All zero for kernel threads, zombies and processes that are just ending.
///   765 394 366 5 0 123 0
/// Up to 6.15 the figures come from per-CPU counters without their per-CPU parts (percpu_counter_read_positive) and
/// are off by up to 32 pages or twice the number of CPUs, whichever is more, times the number of CPUs.
struct PidStatm {
  std::int64_t size = 0;      ///< address space
  std::int64_t resident = 0;  ///< anonymous, file and shmem
  std::int64_t shared = 0;    ///< file and shmem

  [[nodiscard]] std::int64_t anonymous() const { return resident > shared ? resident - shared : 0; }
  [[nodiscard]] bool has_memory() const { return size != 0 || resident != 0; }
  friend bool operator==(const PidStatm&, const PidStatm&) = default;
};

[[nodiscard]] Result<PidStatm> parse_pid_statm(std::string_view text);

}  // namespace leakscope::sources::process
