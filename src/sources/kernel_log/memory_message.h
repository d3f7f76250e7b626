#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/process_id.h"
#include "model/event.h"

namespace leakscope::sources::kernel_log {

/// A kernel message that speaks of memory.
struct MemoryMessage {
  model::EventKind kind = model::EventKind::kKernelMessage;
  std::string_view text;  ///< the whole message, without the time that logs put before it
};

/// Whether a message of the kernel speaks of memory: OOM reports, failed allocations, full tables and limits that
/// things leaked run into, and the kernel's own leak witnesses (objects left in a cache that is destroyed, kmemleak,
/// saturated reference counts, page pools that never drain, devices whose users do not let go). The order is decided
/// by presence of a phrase; wordings of 3.10 to 6.18 are known. An OOM kill counts once: only the line that names the
/// victim with its sizes is kOomKill, the lines around it are kKernelMessage.
///   "Memory cgroup out of memory: Killed process 812 (leaky) total-vm:24160kB, anon-rss:15872kB, file-rss:1408kB, ..."
/// Kernel: mm/oom_kill.c, mm/page_alloc.c warn_alloc(), mm/slub.c, mm/vmalloc.c, net/core/neighbour.c, and others.
[[nodiscard]] std::optional<MemoryMessage> classify_memory_message(std::string_view text);

/// The phrases that make a message one about memory.
[[nodiscard]] std::span<const std::string_view> memory_phrases();

/// The process that a kOomKill message names: "Killed process 812 (leaky)". The pid is of the first pid namespace.
[[nodiscard]] std::optional<Pid> killed_pid(std::string_view text);

/// The cgroup whose limit was hit, from "oom-kill:constraint=CONSTRAINT_MEMCG,...,oom_memcg=/x,task_memcg=/x/y,...":
/// the path below the memory hierarchy. Since 4.19 (mm/memcontrol.c mem_cgroup_print_oom_context).
[[nodiscard]] std::optional<std::string_view> oom_cgroup(std::string_view text);

}  // namespace leakscope::sources::kernel_log
