#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/process_id.h"
#include "base/rooted_dir.h"
#include "base/time.h"
#include "sources/held_objects/process_look.h"

namespace leakscope::sources::held_objects {

/// What is kept of a process between samples.
struct WatchedProcess {
  Pid pid;
  std::optional<ProcessIdentity> who;       ///< as of the last complete look
  std::optional<std::int64_t> fds;          ///< now, without looking at them: st_size of /proc/PID/fd (6.2 and newer)
  std::optional<std::int64_t> fds_at_look;  ///< at the last complete look
  std::uint64_t looked_at = 0;              ///< number of the sample that completed the last look; 0: none yet
  std::unique_ptr<ProcessLook> look;        ///< one that was begun and is not complete
  std::int64_t held_bytes = 0;              ///< that it was named for at the last look
  std::int64_t watches = 0;                 ///< inotify watches when they were counted last
  std::optional<std::uint32_t> uid;         ///< of those watches
  BootTime watches_again;                   ///< not to be counted before
  std::uint32_t reported = 0;               ///< bit per figure that had a value other than zero
  bool denied = false;                      ///< its descriptors may not be looked at
  bool seen = false;
};

/// The processes below a root, and which of them to look at next.
class ProcessTable {
 public:
  /// Lists /proc and learns how many descriptors processes have, of at most `most_counts` of them, in turn. Gives the
  /// identities of those that ended.
  [[nodiscard]] Result<std::vector<ProcessId>> refresh(const RootedDir& root, std::size_t most_counts);

  /// Those worth looking at in each sample: looks that were begun; those whose descriptors grew since the last look,
  /// those with the most descriptors, those that held the most memory (`each` of every kind); the longest unseen first.
  [[nodiscard]] std::vector<WatchedProcess*> suspects(std::size_t each);

  /// The others one after the other, by pid, where the last call stopped; nothing when all were given in this sample.
  [[nodiscard]] WatchedProcess* next_in_turn();

  [[nodiscard]] WatchedProcess* find(Pid pid);
  [[nodiscard]] std::size_t size() const { return processes_.size(); }
  /// Processes that may be looked at and were not yet, since they or we started.
  [[nodiscard]] std::size_t never_looked_at() const;
  [[nodiscard]] std::size_t denied() const;
  [[nodiscard]] auto begin() { return processes_.begin(); }
  [[nodiscard]] auto end() { return processes_.end(); }

 private:
  void count_descriptors(const RootedDir& root, std::size_t most);

  std::unordered_map<std::int32_t, WatchedProcess> processes_;
  std::vector<std::int32_t> pids_;  ///< sorted
  std::size_t next_count_ = 0;
  std::int32_t last_in_turn_ = 0;
  std::size_t given_in_turn_ = 0;
  std::optional<bool> kernel_counts_;
};

}  // namespace leakscope::sources::held_objects
