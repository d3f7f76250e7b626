#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "base/rooted_dir.h"
#include "sources/source.h"

namespace leakscope::sources::kernel_log {

/// What the kernel said while it booted about memory that no counter shows, summed over the lines that were fed.
///
///   "percpu: Embedded 53 pages/cpu s185496 r0 d31592 u1048576"                      mm/percpu.c
///   pcpu_embed_first_chunk() "setup_percpu: NR_CPUS:256 nr_cpumask_bits:2 nr_cpu_ids:2 nr_node_ids:1"
///   arch/x86/kernel/setup_percpu.c "TCP bind hash table entries: 65536 (order: 9, 2097152 bytes, linear)" mm/mm_init.c
///   alloc_large_system_hash() "ftrace: allocated 200 pages with 3 groups" kernel/trace/ftrace.c ftrace_init()
///
/// The first per-CPU chunk is memblock memory: meminfo's Percpu counts it, the page allocator never had it. Tables that
/// are made after the page allocator is up come out of it and stand in no counter; the dentry, inode, PID and
/// paravirtual spinlock tables are made before (HASH_EARLY), and "vmalloc" ones stand in VmallocUsed. Lines
/// captured on 6.18; those of 5.10 were made by hand after the source.
class BootMemory {
 public:
  /// Takes one message of the kernel log, in the order in which they were logged.
  void feed(std::string_view message);

  /// Nothing when the lines that tell it were not fed: the log's ring has dropped the boot.
  [[nodiscard]] std::optional<Bytes> percpu_first_chunk(PageSize page_size) const;
  [[nodiscard]] std::optional<Bytes> tables(PageSize page_size) const;

 private:
  std::optional<std::int64_t> percpu_pages_per_cpu_;
  std::optional<std::int64_t> cpu_ids_;
  std::int64_t table_bytes_ = 0;
  std::int64_t ftrace_pages_ = 0;
  bool boot_seen_ = false;
};

/// Reads the kernel log once from its beginning and reports percpu.first_chunk and boot.tables as far as it tells them.
/// Live only, like open_kernel_log.
[[nodiscard]] Result<std::unique_ptr<Source>> open_boot_memory(const RootedDir& root, PageSize page_size);

}  // namespace leakscope::sources::kernel_log
