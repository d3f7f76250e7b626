#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/process_id.h"
#include "sources/oom_report/counters.h"

namespace leakscope::sources::oom_report {

/// What was short. Kernel: mm/oom_kill.c enum oom_constraint.
enum class Constraint : std::uint8_t {
  kNone,          ///< the machine
  kCpuset,        ///< the nodes of a cpuset
  kMemoryPolicy,  ///< the nodes of a mempolicy
  kMemcg,         ///< the limit of a memory cgroup
};

/// Who asked for memory and could not have it.
struct Trigger {
  std::string comm;
  std::optional<Pid> pid;
  std::optional<std::uint64_t> gfp_mask;
  std::string gfp_flags;              ///< "GFP_HIGHUSER_MOVABLE|__GFP_ZERO"; empty before 4.6
  std::optional<std::int32_t> order;  ///< -1: asked for by hand (sysrq f)
  std::optional<std::int32_t> oom_score_adj;
};

/// A process that was killed for it.
struct Victim {
  Pid pid;
  std::string comm;
  std::optional<std::int64_t> uid;
  std::optional<std::int64_t> score;  ///< up to 4.18
  std::optional<Bytes> total_vm;
  std::optional<Bytes> anon_rss;
  std::optional<Bytes> file_rss;
  std::optional<Bytes> shmem_rss;
  std::optional<Bytes> page_tables;
  std::optional<std::int32_t> oom_score_adj;
  bool reaped = false;                  ///< the reaper took its memory
  std::optional<Bytes> left_by_reaper;  ///< what it could not take
};

/// Machine: pages. Nodes and zones: KiB, as the report has them.
struct Zone {
  std::int32_t node = 0;
  std::string name;  ///< "Normal"; empty: the whole node
  Counters kib;
  std::vector<std::int64_t> lowmem_reserve;  ///< pages
  std::vector<std::int64_t> free_blocks;     ///< by order; empty: not printed
  std::int64_t free_block_kib = 0;           ///< size of the smallest of them: the page size; 0: not printed
};

struct HugepagePool {
  std::int32_t node = 0;
  std::int64_t total = 0;
  std::int64_t free = 0;
  std::int64_t surplus = 0;
  std::int64_t page_kib = 0;
};

/// A row of "Unreclaimable slab info:" (since 4.15, printed when slab exceeds what programs have).
struct SlabCache {
  std::string name;
  Bytes used;
  Bytes total;
};

/// A row of "Memory allocations:" (since 6.10 with CONFIG_MEM_ALLOC_PROFILING): the largest call sites.
struct AllocationSite {
  Bytes bytes;  ///< three significant digits
  std::int64_t calls = 0;
  std::string site;  ///< "mm/slub.c:2424 func:alloc_slab_page"
};

/// A row of the tasks table. Columns that the kernel did not have stay unknown.
struct Task {
  Pid pid;
  std::string comm;
  std::optional<std::int64_t> uid;
  std::optional<std::int64_t> tgid;
  std::optional<std::int64_t> total_vm_pages;
  std::optional<std::int64_t> rss_pages;
  std::optional<std::int64_t> rss_anon_pages;    ///< since 6.8
  std::optional<std::int64_t> rss_file_pages;    ///< since 6.8
  std::optional<std::int64_t> rss_shmem_pages;   ///< since 6.8
  std::optional<std::int64_t> page_table_pages;  ///< nr_ptes + nr_pmds + nr_puds, up to 4.15
  std::optional<std::int64_t> page_table_bytes;  ///< pgtables_bytes, since 4.16
  std::optional<std::int64_t> swap_pages;
  std::optional<std::int32_t> oom_score_adj;
};

/// One of "memory: usage 31211520kB, limit 31211520kB, failcnt 83420", "swap: ...", "memory+swap: ...", "kmem: ...".
struct Charge {
  Bytes usage;
  Bytes limit;
  std::int64_t failcnt = 0;
};

/// "Memory cgroup stats for /lxc/39004:" and its figures, in bytes or counts as the kernel names them.
struct CgroupStats {
  std::string path;
  struct Entry {
    std::string name;
    std::int64_t value = 0;
  };
  std::vector<Entry> entries;
  [[nodiscard]] std::optional<std::int64_t> get(std::string_view name) const;
};

/// Figures at the end of show_mem(), in pages where not said otherwise.
struct Totals {
  std::optional<std::int64_t> page_cache;
  std::optional<std::int64_t> swap_cache;
  std::optional<Bytes> swap_free;
  std::optional<Bytes> swap_total;
  std::optional<std::int64_t> ram;
  std::optional<std::int64_t> highmem;
  std::optional<std::int64_t> reserved;
  std::optional<std::int64_t> cma_reserved;
  std::optional<std::int64_t> hwpoisoned;
};

/// Everything one OOM report said. Kernel: mm/oom_kill.c dump_header(), mm/show_mem.c (before 6.4 mm/page_alloc.c
/// show_free_areas()), mm/memcontrol.c mem_cgroup_print_oom_meminfo(), mm/slab_common.c dump_unreclaimable_slab().
/// Strings are raw foreign bytes.
struct OomReport {
  std::uint64_t first_line = 0;  ///< as counted by who fed the parser
  std::uint64_t last_line = 0;
  Trigger trigger;
  std::string kernel_release;  ///< of the line "CPU: 8 PID: 81 Comm: php-fpm Tainted: P 5.15.158-2-pve #1"
  std::string hardware;
  std::optional<Constraint> constraint;
  bool constraint_stated = false;  ///< false: inferred, since kernels before 5.0 do not write it
  std::string nodemask;            ///< "0-1"; empty: none
  std::string cpuset;
  std::string mems_allowed;
  std::string oom_cgroup;   ///< whose limit it was; empty: none
  std::string task_cgroup;  ///< where the victim ran

  Counters machine;  ///< pages
  std::vector<Zone> nodes;
  std::vector<Zone> zones;
  std::vector<HugepagePool> hugepages;
  Totals totals;
  std::vector<SlabCache> unreclaimable_slab;
  std::vector<AllocationSite> allocations;

  std::optional<Charge> memory;
  std::optional<Charge> swap;
  std::optional<Charge> memory_and_swap;
  std::optional<Charge> kernel_memory;
  std::vector<CgroupStats> cgroups;

  bool tasks_header = false;
  std::vector<Task> tasks;
  std::vector<Victim> victims;
  bool no_killable_process = false;
  bool panicked = false;

  std::size_t rows_not_read = 0;       ///< rows of its tables that were cut or torn
  std::uint64_t lines_in_between = 0;  ///< of others, printed while it was

  /// From the smallest block of the free lists ("2245*4kB"); nothing: none were printed.
  [[nodiscard]] std::optional<PageSize> page_size() const;
  /// What a whole report of its kind has and this one does not: "the memory counters", "the tasks table". A machine
  /// with vm.oom_dump_tasks=0 prints no table, so that missing parts are not always lost ones.
  [[nodiscard]] std::vector<std::string> missing() const;
};

}  // namespace leakscope::sources::oom_report
