#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/process_id.h"

namespace leakscope::model {

/// What kind of thing a series is about. The words are part of the JSON ("subject":{"kind":...}) and of recordings.
enum class SubjectKind : std::uint8_t {
  kMachine,        ///< the whole machine; name ""
  kNumaNode,       ///< name: "0"
  kZone,           ///< name: "0/Normal" (node/zone)
  kHugepageSize,   ///< name: size in kB as in sysfs: "2048"
  kSwapDevice,     ///< name: path as in /proc/swaps
  kZramDevice,     ///< name: "zram0"
  kSlabCache,      ///< name: as in /proc/slabinfo
  kVmallocCaller,  ///< name: function without offset: "kernel_clone"; "ioremap" and the like by their flag
  kModule,         ///< name: kernel module
  kTmpfs,          ///< name: mount point, for a person; identity is the device (detail)
  kSysvShm,        ///< name: "shmid 32769 key 0x5f"
  kBpfMap,         ///< name: "id 12 events"
  kBpfProgram,     ///< name: "id 40 trace_kmalloc"
  kHolder,         ///< known holder of pages without a counter; name: "zfs-arc", "ftrace-buffers", "page-pool"...
  kProcess,        ///< name: comm; identity: pid and start time
  kGroup,          ///< executable and cgroup, unit or container: what outlives its pids; name: "nginx in nginx.service"
  kCgroup,  ///< name: path below the hierarchy: "/system.slice/nginx.service"; v1 with its controller: "memory:/x"
  kUser,    ///< a numeric user id with limits of its own (inotify watches); name: "uid 1000"
};
inline constexpr std::size_t kSubjectKindCount = static_cast<std::size_t>(SubjectKind::kUser) + 1;

/// "slab_cache", "process", ...: the word of the JSON.
[[nodiscard]] std::string_view to_string(SubjectKind kind);
[[nodiscard]] std::optional<SubjectKind> subject_kind_from_string(std::string_view word);

/// Identity of a subject: equal keys are the same thing, over time and over recordings of one boot.
struct SubjectKey {
  SubjectKind kind = SubjectKind::kMachine;
  std::string name;                    ///< part of the identity except for processes, whose comm may change
  std::optional<ProcessId> process{};  ///< for kProcess only

  friend bool operator==(const SubjectKey& a, const SubjectKey& b) {
    if (a.kind != b.kind || a.process != b.process) return false;
    return a.process.has_value() || a.name == b.name;
  }
};

[[nodiscard]] inline SubjectKey machine() { return {}; }

/// Index of a subject in a Registry. Indices of retired subjects are never given out again within one registry.
struct SubjectId {
  std::uint32_t index = 0;
  friend constexpr auto operator<=>(SubjectId, SubjectId) = default;
};

/// What is known of a subject beside its identity. Strings are raw foreign bytes: escape them on output.
struct SubjectInfo {
  SubjectKey key;
  std::string cgroup{};               ///< processes, groups: cgroup path as in /proc/PID/cgroup
  std::string container{};            ///< short container or unit name derived from the cgroup; empty: none
  std::string executable{};           ///< processes, groups: argv[0] or target of /proc/PID/exe
  std::string detail{};               ///< slab: aliases of a merged cache; module: taint; tmpfs: device; free text
  std::optional<SubjectId> parent{};  ///< processes: their group; cgroups: the cgroup above
  bool retired = false;               ///< the process ended, the cgroup was removed
};

}  // namespace leakscope::model

template <>
struct std::hash<leakscope::model::SubjectKey> {
  std::size_t operator()(const leakscope::model::SubjectKey& key) const noexcept {
    const std::size_t seed = static_cast<std::size_t>(key.kind) * 0x9E3779B97F4A7C15ULL;
    if (key.process) return seed ^ std::hash<leakscope::ProcessId>{}(*key.process);
    return seed ^ std::hash<std::string>{}(key.name);
  }
};
