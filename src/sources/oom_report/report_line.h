#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "sources/oom_report/oom_report.h"

// The lines of a report, one function per kind. Each says whether the line was of its kind, and puts what it tells
// into the report.
namespace leakscope::sources::oom_report {

/// "active_anon:7355653 inactive_anon:660960 isolated_anon:0": machine-wide, pages.
bool take_machine_counters(OomReport& report, std::string_view line);
/// "Node 0 DMA32 free:59728kB min:7832kB ...", "Node 0 active_anon:1kB ...", "Node 0 DMA: 203*4kB (UEM) ... = 63668kB",
/// "Node 0 hugepages_total=0 ...", "lowmem_reserve[]: 0 2780 15835". Kernels without NUMA leave "Node 0 " out.
bool take_node_line(OomReport& report, std::string_view line);
/// "100155 total pagecache pages", "Free swap  = 0kB", "8379834 pages RAM".
bool take_totals(OomReport& report, std::string_view line);
/// "memory: usage 31211520kB, limit 31211520kB, failcnt 83420", "Task in /a killed as a result of limit of /a",
/// "Memory cgroup stats for /a: cache:0KB rss:15872KB ..." (up to 5.2), "Memory cgroup stats for /a:".
bool take_cgroup_line(OomReport& report, std::string_view line);
/// "anon 31154200576": a row below "Memory cgroup stats for".
bool take_cgroup_stat(OomReport& report, std::string_view line);
/// "kmalloc-4k               812KB        1024KB"
bool take_slab_row(OomReport& report, std::string_view line);
/// "    1.15 GiB   301234 mm/filemap.c:1919 func:__filemap_get_folio"
bool take_allocation_row(OomReport& report, std::string_view line);
/// "php-fpm invoked oom-killer: gfp_mask=0x1100cca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj=0"
bool take_trigger(OomReport& report, std::string_view line);
/// "CPU: 8 PID: 3923954 Comm: php-fpm Tainted: P           O      5.15.158-2-pve #1", "Hardware name: ...",
/// "sed cpuset=/ mems_allowed=0-1"
bool take_context(OomReport& report, std::string_view line);
/// "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,task=x,..."
bool take_constraint(OomReport& report, std::string_view line);

/// "Killed process 6576 (mysqld) total-vm:33914892kB, anon-rss:20629004kB, file-rss:0kB, shmem-rss:0kB"
[[nodiscard]] std::optional<Victim> parse_victim(std::string_view line);
/// "Kill process 6576 (mysqld) score 651 or sacrifice child": who was chosen; a child of it may be who is killed.
[[nodiscard]] std::optional<Victim> parse_choice(std::string_view line);
/// "oom_reaper: reaped process 3902942 (php-fpm), now anon-rss:0kB, file-rss:0kB, shmem-rss:156088kB"
bool take_reaper(OomReport& report, std::string_view line);

/// What stands behind `key` as a number, to its end or to what is no digit.
[[nodiscard]] std::optional<std::int64_t> number_after(std::string_view line, std::string_view key);
/// The same in kB.
[[nodiscard]] std::optional<Bytes> kib_after(std::string_view line, std::string_view key);

}  // namespace leakscope::sources::oom_report
