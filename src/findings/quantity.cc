#include "findings/quantity.h"

#include <array>

namespace leakscope::findings {
namespace {

using model::Metric;
using model::Unit;
using Q = Quantity;

constexpr std::int64_t kKiB = 1024;
constexpr std::int64_t kMiB = 1024 * kKiB;

// clang-format off
constexpr std::array<QuantityInfo, kQuantityCount> kTable{{
    {Q::kAvailableLost, {}, Metric::kMeminfoMemAvailable, Unit::kBytes, 0, 16 * kMiB, "memory and swap that are no longer available"},
    {Q::kAnonymous, {}, Metric::kMeminfoAnonPages, Unit::kBytes, kMiB, 32 * kMiB, "anonymous memory of all programs, swapped out included"},
    {Q::kShmem, {}, Metric::kMeminfoShmem, Unit::kBytes, kMiB, 32 * kMiB, "shared memory and tmpfs"},
    {Q::kSlabUnreclaimable, {}, Metric::kMeminfoSUnreclaim, Unit::kBytes, kMiB, 32 * kMiB, "unreclaimable slab"},
    {Q::kSlabReclaimable, {}, Metric::kMeminfoSReclaimable, Unit::kBytes, kMiB, 32 * kMiB, "reclaimable slab"},
    {Q::kLargeKmalloc, {}, Metric::kMeminfoSlab, Unit::kBytes, kMiB, 16 * kMiB, "large kmalloc"},
    {Q::kVmalloc, {}, Metric::kMeminfoVmallocUsed, Unit::kBytes, kMiB, 16 * kMiB, "vmalloc"},
    {Q::kPercpu, {}, Metric::kMeminfoPercpu, Unit::kBytes, 256 * kKiB, 16 * kMiB, "per-CPU memory"},
    {Q::kStacks, {}, Metric::kMeminfoKernelStack, Unit::kBytes, 256 * kKiB, 16 * kMiB, "kernel stacks"},
    {Q::kPageTables, {}, Metric::kMeminfoPageTables, Unit::kBytes, kMiB, 16 * kMiB, "page tables"},
    {Q::kSockets, {}, Metric::kSockTcpMem, Unit::kBytes, kMiB, 16 * kMiB, "socket buffers"},
    {Q::kBpfBytes, {}, Metric::kBpfMapsTotal, Unit::kBytes, 64 * kKiB, 16 * kMiB, "BPF maps"},
    {Q::kResidual, {}, Metric::kZoneinfoManaged, Unit::kBytes, 2 * kMiB, 32 * kMiB, "pages that no counter shows"},
    {Q::kProcessAnon, Q::kAnonymous, Metric::kProcessRssAnon, Unit::kBytes, kMiB, 32 * kMiB, "anonymous memory of the process, swapped out included"},
    {Q::kGroupAnon, Q::kAnonymous, Metric::kGroupRssAnon, Unit::kBytes, kMiB, 32 * kMiB, "anonymous memory of the group, swapped out included"},
    {Q::kProcessPageTables, Q::kPageTables, Metric::kProcessPageTables, Unit::kBytes, kMiB, 16 * kMiB, "page tables of the process"},
    {Q::kTmpfs, Q::kShmem, Metric::kTmpfsUsed, Unit::kBytes, kMiB, 32 * kMiB, "bytes in files of the tmpfs"},
    {Q::kShmSegment, Q::kShmem, Metric::kShmSegmentRss, Unit::kBytes, kMiB, 32 * kMiB, "resident bytes of the segment"},
    {Q::kShmUnattached, Q::kShmem, Metric::kSysvShmUnattachedBytes, Unit::kBytes, kMiB, 32 * kMiB, "SysV segments that nobody has attached"},
    {Q::kProcessShmem, Q::kShmem, Metric::kProcessRssShmem, Unit::kBytes, kMiB, 32 * kMiB, "shared memory that the process has mapped"},
    {Q::kSlabActive, Q::kSlabUnreclaimable, Metric::kSlabActiveObjects, Unit::kBytes, 512 * kKiB, 16 * kMiB, "objects in use of the cache"},
    {Q::kSlabPages, Q::kSlabUnreclaimable, Metric::kSlabBytes, Unit::kBytes, 512 * kKiB, 16 * kMiB, "pages of the cache"},
    {Q::kVmallocCaller, Q::kVmalloc, Metric::kVmallocBytes, Unit::kBytes, 256 * kKiB, 16 * kMiB, "vmalloc areas of the caller"},
    {Q::kBpfMap, Q::kBpfBytes, Metric::kBpfMapBytes, Unit::kBytes, 64 * kKiB, 16 * kMiB, "memory of the map"},
    {Q::kHolder, Q::kResidual, Metric::kHolderBytes, Unit::kBytes, kMiB, 16 * kMiB, "pages of the holder"},
    {Q::kCgroupMemory, {}, Metric::kCgroupCurrent, Unit::kBytes, kMiB, 32 * kMiB, "memory of the cgroup that cannot be reclaimed, swapped out included"},
    {Q::kProcessHeap, {}, Metric::kProcessHeapInUse, Unit::kBytes, 0, 32 * kMiB, "blocks of its main heap that malloc has given out"},
    {Q::kProcessHeapBlocks, {}, Metric::kProcessHeapBlocks, Unit::kCount, 0, 65536, "blocks of its main heap that malloc has given out"},
    {Q::kMessages, {}, Metric::kSysvMsgCount, Unit::kCount, 0, 4096, "messages that wait in System V queues"},
    {Q::kProcessFds, {}, Metric::kProcessFds, Unit::kCount, 16, 256, "open descriptors of the process"},
    {Q::kGroupFds, {}, Metric::kGroupFds, Unit::kCount, 16, 256, "open descriptors of the group"},
    {Q::kProcessThreads, {}, Metric::kProcessThreads, Unit::kCount, 8, 64, "threads of the process"},
    {Q::kGroupThreads, {}, Metric::kGroupThreads, Unit::kCount, 8, 64, "threads of the group"},
    {Q::kFiles, {}, Metric::kFileAllocated, Unit::kCount, 256, 4096, "open files"},
    {Q::kTasks, {}, Metric::kTasksTotal, Unit::kCount, 32, 512, "threads in the system"},
    {Q::kCgroupPids, {}, Metric::kCgroupPidsCurrent, Unit::kCount, 8, 64, "tasks of the cgroup"},
    {Q::kConntrack, {}, Metric::kConntrackCount, Unit::kCount, 64, 4096, "tracked connections"},
    {Q::kInotify, {}, Metric::kInotifyWatchesUser, Unit::kCount, 64, 4096, "inotify watches of the user"},
    {Q::kMsgQueues, {}, Metric::kSysvMsgQueues, Unit::kCount, 4, 64, "SysV message queues"},
    {Q::kShmSegments, {}, Metric::kSysvShmSegments, Unit::kCount, 4, 64, "SysV shared memory segments"},
    {Q::kSemSets, {}, Metric::kSysvSemSets, Unit::kCount, 4, 64, "SysV semaphore sets"},
    {Q::kDyingCgroups, {}, Metric::kCgroupsDying, Unit::kCount, 16, 256, "removed cgroups that something still pins"},
    {Q::kBpfMaps, {}, Metric::kBpfMapsCount, Unit::kCount, 4, 64, "BPF maps"},
    {Q::kBpfPrograms, {}, Metric::kBpfProgramsCount, Unit::kCount, 4, 64, "BPF programs"},
}};
// clang-format on

constexpr bool in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (static_cast<std::size_t>(kTable[i].quantity) != i) return false;
    if (kTable[i].parent && static_cast<std::size_t>(*kTable[i].parent) >= i) return false;
  }
  return true;
}
static_assert(in_order(), "one row per quantity, in its order, parents first");

}  // namespace

const QuantityInfo& info(Quantity quantity) { return kTable[static_cast<std::size_t>(quantity)]; }

std::span<const QuantityInfo> all_quantities() { return kTable; }

}  // namespace leakscope::findings
