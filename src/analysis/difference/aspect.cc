#include "analysis/difference/aspect.h"

#include <array>

namespace leakscope::analysis::difference {
namespace {

using model::Metric;
using model::SubjectKind;

constexpr auto kProcessMemory = std::to_array<Metric>({Metric::kProcessRssAnon, Metric::kProcessSwap});
constexpr auto kProcessCompanions = std::to_array<Companion>({{Metric::kProcessRssShmem, "shared_change", "shared"}});
constexpr auto kProcessResident = std::to_array<Metric>({Metric::kProcessRss});
constexpr auto kGroupResident = std::to_array<Metric>({Metric::kGroupRss});
constexpr auto kGroupMemory = std::to_array<Metric>({Metric::kGroupRssAnon, Metric::kGroupSwap});
constexpr auto kGroupCompanions = std::to_array<Companion>(
    {{Metric::kGroupRssShmem, "shared_change", "shared"}, {Metric::kGroupMembers, "processes_change", "processes"}});
constexpr auto kSlabBytes = std::to_array<Metric>({Metric::kSlabBytes});
constexpr auto kSlabCompanions =
    std::to_array<Companion>({{Metric::kSlabActiveObjects, "active_objects_change", "active objects"},
                              {Metric::kSlabTotalObjects, "objects_change", "all objects"}});
constexpr auto kVmallocBytes = std::to_array<Metric>({Metric::kVmallocBytes});
constexpr auto kVmallocCompanions = std::to_array<Companion>({{Metric::kVmallocAreas, "areas_change", "areas"}});
constexpr auto kTmpfsUsed = std::to_array<Metric>({Metric::kTmpfsUsed});
constexpr auto kTmpfsCompanions = std::to_array<Companion>({{Metric::kTmpfsFiles, "files_change", "files"}});
constexpr auto kShmBytes = std::to_array<Metric>({Metric::kShmSegmentRss, Metric::kShmSegmentSwap});
constexpr auto kShmCompanions =
    std::to_array<Companion>({{Metric::kShmSegmentAttached, "attached_change", "attached"}});
constexpr auto kHolderBytes = std::to_array<Metric>({Metric::kHolderBytes});
constexpr auto kBpfMapBytes = std::to_array<Metric>({Metric::kBpfMapBytes});
constexpr auto kBpfProgramBytes = std::to_array<Metric>({Metric::kBpfProgramBytes});
constexpr auto kModuleSize = std::to_array<Metric>({Metric::kModuleSize});
constexpr auto kHeldByProcess = std::to_array<Metric>(
    {Metric::kProcessSocketBytes, Metric::kProcessPipeBytes, Metric::kProcessMsgBytes, Metric::kProcessBpfBytes});
constexpr auto kCgroupCurrent = std::to_array<Metric>({Metric::kCgroupCurrent});
constexpr auto kCgroupCompanions = std::to_array<Companion>({{Metric::kCgroupAnon, "anon_change", "anonymous"},
                                                             {Metric::kCgroupFile, "file_change", "file"},
                                                             {Metric::kCgroupKernel, "kernel_change", "kernel"}});
constexpr auto kProcessFds = std::to_array<Metric>({Metric::kProcessFds});
constexpr auto kProcessThreads = std::to_array<Metric>({Metric::kProcessThreads});
constexpr auto kGroupFds = std::to_array<Metric>({Metric::kGroupFds});
constexpr auto kGroupThreads = std::to_array<Metric>({Metric::kGroupThreads});
constexpr auto kInotifyWatches = std::to_array<Metric>({Metric::kInotifyWatchesUser});

constexpr auto kAspects = std::to_array<Aspect>({
    {"processes", "processes: anonymous memory, resident and swapped", SubjectKind::kProcess, kProcessMemory,
     kProcessCompanions, Weight::kMemory},
    {"groups", "groups of processes: anonymous memory, resident and swapped", SubjectKind::kGroup, kGroupMemory,
     kGroupCompanions, Weight::kMemory},
    {"resident_processes",
     "processes: all resident memory, as a tool told it",
     SubjectKind::kProcess,
     kProcessResident,
     {},
     Weight::kMemory},
    {"resident_groups",
     "groups: all resident memory, as a tool told it",
     SubjectKind::kGroup,
     kGroupResident,
     {},
     Weight::kMemory},
    {"slab_caches", "slab caches", SubjectKind::kSlabCache, kSlabBytes, kSlabCompanions, Weight::kMemory},
    {"vmalloc_callers", "vmalloc callers", SubjectKind::kVmallocCaller, kVmallocBytes, kVmallocCompanions,
     Weight::kMemory},
    {"tmpfs", "tmpfs mounts", SubjectKind::kTmpfs, kTmpfsUsed, kTmpfsCompanions, Weight::kMemory},
    {"sysv_shm", "SysV shared memory", SubjectKind::kSysvShm, kShmBytes, kShmCompanions, Weight::kMemory},
    {"holders", "holders of pages without a counter", SubjectKind::kHolder, kHolderBytes, {}, Weight::kMemory},
    {"held_by_processes",
     "kernel memory that processes hold in sockets, pipes, message queues and BPF",
     SubjectKind::kProcess,
     kHeldByProcess,
     {},
     Weight::kMemory},
    {"bpf_maps", "BPF maps", SubjectKind::kBpfMap, kBpfMapBytes, {}, Weight::kMemory},
    {"bpf_programs", "BPF programs", SubjectKind::kBpfProgram, kBpfProgramBytes, {}, Weight::kMemory},
    {"modules", "kernel modules", SubjectKind::kModule, kModuleSize, {}, Weight::kMemory},
    {"cgroups", "cgroups: charged, file cache and the cgroups below included", SubjectKind::kCgroup, kCgroupCurrent,
     kCgroupCompanions, Weight::kTold},
    {"descriptors", "open descriptors of processes", SubjectKind::kProcess, kProcessFds, {}, Weight::kCountable},
    {"threads", "threads of processes", SubjectKind::kProcess, kProcessThreads, {}, Weight::kCountable},
    {"group_descriptors", "open descriptors of groups", SubjectKind::kGroup, kGroupFds, {}, Weight::kCountable},
    {"group_threads", "threads of groups", SubjectKind::kGroup, kGroupThreads, {}, Weight::kCountable},
    {"inotify_watches", "inotify watches of users", SubjectKind::kUser, kInotifyWatches, {}, Weight::kCountable},
});

constexpr auto kMachineFigures = std::to_array<MachineFigure>({
    {Metric::kMeminfoMemAvailable},
    {Metric::kMeminfoSwapFree},
    {Metric::kMeminfoCommittedAS},
    {Metric::kSockQueuedBytes},
    {Metric::kSockTcpMem},
    {Metric::kSysvMsgBytes, Weight::kMemory},
    {Metric::kSysvShmUnattachedBytes, Weight::kMemory},
    {Metric::kFileAllocated, Weight::kCountable},
    {Metric::kProcessesTotal},
    {Metric::kProcessesZombies, Weight::kCountable},
    {Metric::kTasksTotal},
    {Metric::kSockSocketsUsed},
    {Metric::kSockTcpOrphan},
    {Metric::kConntrackCount},
    {Metric::kSysvMsgQueues, Weight::kCountable},
    {Metric::kSysvMsgCount, Weight::kCountable},
    {Metric::kSysvSemSets, Weight::kCountable},
    {Metric::kSysvShmSegments, Weight::kCountable},
    {Metric::kDentryTotal},
    {Metric::kInodeTotal},
    {Metric::kCgroupsDying, Weight::kCountable},
    {Metric::kCgroupsExisting},
    {Metric::kBpfMapsCount, Weight::kCountable},
    {Metric::kBpfProgramsCount, Weight::kCountable},
});

}  // namespace

std::span<const Aspect> aspects() { return kAspects; }

std::span<const MachineFigure> machine_figures() { return kMachineFigures; }

}  // namespace leakscope::analysis::difference
