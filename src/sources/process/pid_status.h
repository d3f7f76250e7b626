#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "sources/process_table.h"

namespace leakscope::sources::process {

/// /proc/PID/status (fs/proc/array.c proc_pid_status, fs/proc/task_mmu.c task_mem; 4.4 to 6.18). Sizes in bytes.
///   Name:	cat
///   RssAnon:	     112 kB
/// Kernel threads and zombies have no Vm* and Rss* lines; RssAnon, RssFile and RssShmem came with 4.5, Kthread with
/// 6.8. A field that the file does not have stays without a value.
struct PidStatus {
  std::optional<Comm> name;  ///< as the task has it: the file's escapes (\n, \\) are undone
  std::optional<char> state;
  std::optional<std::int32_t> pid;
  std::optional<std::int32_t> parent;
  std::optional<std::uint32_t> uid;  ///< the effective one
  std::optional<bool> kernel_thread;
  std::optional<std::int64_t> vm_size;
  std::optional<std::int64_t> vm_hwm;
  std::optional<std::int64_t> vm_rss;
  std::optional<std::int64_t> rss_anon;
  std::optional<std::int64_t> rss_file;
  std::optional<std::int64_t> rss_shmem;
  std::optional<std::int64_t> vm_stack;  ///< VmStk: the main thread's stack
  std::optional<std::int64_t> vm_pte;    ///< page tables; VmPMD of 4.x kernels added
  std::optional<std::int64_t> vm_swap;
  std::optional<std::int64_t> hugetlb;
  std::optional<std::int64_t> threads;

  [[nodiscard]] bool is_zombie() const { return state == 'Z' || state == 'X'; }
};

/// A known field that does not parse is kMalformed with its line; one cut in half is kTruncated.
[[nodiscard]] Result<PidStatus> parse_pid_status(std::string_view text);

}  // namespace leakscope::sources::process
