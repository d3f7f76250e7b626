#include "sources/kernel_log/boot_memory.h"

#include <gtest/gtest.h>

namespace leakscope::sources::kernel_log {
namespace {

constexpr PageSize kPage{4096};

BootMemory fed(std::initializer_list<std::string_view> messages) {
  BootMemory memory;
  for (const std::string_view message : messages) memory.feed(message);
  return memory;
}

TEST(BootMemory, FirstChunkIsPagesPerCpuTimesCpus) {
  const BootMemory memory = fed({"setup_percpu: NR_CPUS:256 nr_cpumask_bits:2 nr_cpu_ids:2 nr_node_ids:1",
                                 "percpu: Embedded 53 pages/cpu s185496 r0 d31592 u1048576"});
  EXPECT_EQ(memory.percpu_first_chunk(kPage), Bytes(2 * 53 * 4096));
}

TEST(BootMemory, TablesMadeAfterThePageAllocatorCount) {
  const BootMemory memory = fed({
      "percpu: Embedded 53 pages/cpu s185496 r0 d31592 u1048576",
      "PV qspinlock hash table entries: 256 (order: 0, 4096 bytes, linear)",
      "Dentry cache hash table entries: 4194304 (order: 13, 33554432 bytes, linear)",
      "Inode-cache hash table entries: 2097152 (order: 12, 16777216 bytes, linear)",
      "ftrace: allocating 50744 entries in 200 pages",
      "ftrace: allocated 200 pages with 3 groups",
      "Mount-cache hash table entries: 65536 (order: 7, 524288 bytes, linear)",
      "futex hash table entries: 512 (32768 bytes on 1 NUMA nodes, total 32 KiB, linear).",
      "VFS: Dquot-cache hash table entries: 512 (order 0, 4096 bytes)",
      "TCP established hash table entries: 262144 (order: 9, 2097152 bytes, vmalloc)",
      "TCP: Hash tables configured (established 262144 bind 65536)",
  });
  EXPECT_EQ(memory.tables(kPage), Bytes(200 * 4096 + 524288 + 32768 + 4096));
}

TEST(BootMemory, SaysNothingWhenTheBootIsNoLongerInTheLog) {
  const BootMemory memory = fed({"TCP bind hash table entries: 65536 (order: 9, 2097152 bytes, linear)"});
  EXPECT_FALSE(memory.tables(kPage));
  EXPECT_FALSE(memory.percpu_first_chunk(kPage));
}

TEST(BootMemory, LyingLinesDoNotBreakTheSum) {
  const BootMemory memory = fed({
      "percpu: Embedded 9223372036854775807 pages/cpu",
      "setup_percpu: nr_cpu_ids:9223372036854775807",
      "x hash table entries: 1 (order: 9, 9223372036854775807 bytes, linear)",
      " hash table entries: bytes",
      "y hash table entries: (, bytes",
      "ftrace: allocated -5 pages",
  });
  EXPECT_FALSE(memory.percpu_first_chunk(kPage));
  EXPECT_EQ(memory.tables(kPage), Bytes(0));
}

}  // namespace
}  // namespace leakscope::sources::kernel_log
