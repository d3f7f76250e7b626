#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/process_id.h"
#include "base/rooted_dir.h"
#include "base/time.h"
#include "model/coverage.h"
#include "sources/process/fd_scan.h"
#include "sources/process/mappings.h"
#include "sources/process/pid_limits.h"
#include "sources/process/pid_status.h"

namespace leakscope::sources::process {

/// Mappings of one kind and path together: what a line of `pmap -x` is, each path once.
struct MappedPath {
  MappingKind kind = MappingKind::kAnonymous;
  std::string path;  ///< raw foreign bytes; empty for nameless ones
  MappingGroup sums;
};

/// How often something occurs: descriptors that refer to the same, threads of the same name.
struct Occurrence {
  std::string text;  ///< raw foreign bytes
  std::int64_t count = 0;
  friend bool operator==(const Occurrence&, const Occurrence&) = default;
};

/// What can be said of the heap from outside, without its allocator's help.
struct HeapFromOutside {
  std::optional<MappingGroup> brk;  ///< [heap]; without a value: it has none
  ArenaShapes arenas;               ///< glibc's secondary arenas, by their shape
  MappingGroup anonymous;           ///< all anonymous mappings beside heap and stacks, arenas included
  MappingGroup stacks;              ///< of all threads
};

/// Everything that `status --pid` shows of one process. What could not be read is missing here and stands in coverage.
struct ProcessInspection {
  ProcessId id;
  Comm comm;
  char state = '?';
  Pid parent;
  std::optional<std::uint32_t> user;
  bool kernel_thread = false;
  std::string executable;  ///< target of /proc/PID/exe
  std::string argv0;       ///< first word of the command line; no other is read into memory that is kept
  std::string cgroup;
  std::string container;  ///< unit, container or machine
  Nanoseconds cpu_time{0};

  PidStatus sizes;                        ///< by the kernel's counters: RSS by kind, swap, page tables, threads
  std::optional<MappingGroups> mappings;  ///< by walking page tables: sizes, RSS, PSS, USS, swap by kind
  std::optional<MappingGroup> total;      ///< of all mappings
  std::vector<MappedPath> mapped_paths;   ///< the largest by RSS first
  std::optional<HeapFromOutside> heap;
  std::optional<FdScan> descriptors;
  std::vector<Occurrence> descriptor_targets;  ///< "socket", "pipe", "anon_inode:[eventfd]", paths; most frequent first
  std::vector<Occurrence> thread_names;        ///< most frequent first
  PidLimits limits;
  std::optional<std::int64_t> oom_score;
  std::optional<std::int64_t> oom_score_adj;
  std::vector<model::Coverage> coverage;
};

/// What was read of one process. Text that was not to be had is missing, with a Coverage that says why.
struct ProcessTexts {
  std::string stat;
  std::optional<std::string> status;
  std::optional<std::string> smaps;  ///< or maps, which has no RSS
  std::optional<std::string> limits;
  std::optional<std::string> cgroup;
  std::optional<std::string> oom_score;
  std::optional<std::string> oom_score_adj;
  std::string argv0;
  std::string executable;
  std::optional<FdScan> descriptors;
  std::vector<std::string> descriptor_targets;
  std::vector<std::string> thread_names;
  std::vector<model::Coverage> coverage;
};

/// Pure: puts the inspection together. An error only when `stat` does not parse; other damage goes to coverage.
[[nodiscard]] Result<ProcessInspection> build_inspection(const ProcessTexts& texts);

/// How much is read of one process.
enum class Depth : std::uint8_t {
  kAll,     ///< whatever it costs (walking its page tables takes 10 to 26 ms per GiB); may wait for its mmap lock
  kCounts,  ///< what takes neither this lock nor its table of descriptors: no mappings, no command line
};

/// kNotFound: there is no such process; kGone: it ended meanwhile.
[[nodiscard]] Result<ProcessInspection> inspect_process(const RootedDir& root, Pid pid, Depth depth = Depth::kAll);

}  // namespace leakscope::sources::process
