#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "model/subject.h"

namespace leakscope::model {

/// Gives every subject of one run its index. Thread-safe: sources that may block run beside the sampler.
class Registry {
 public:
  Registry();

  /// The index of the subject, which is made known if it is new. A retired key gets a new subject.
  SubjectId intern(const SubjectKey& key);
  /// Like intern, and fills what else is known of it (cgroup, executable, detail, parent; a process's name too).
  SubjectId intern(SubjectInfo info);
  /// Changes what is known of a subject; the identity stays.
  void update(SubjectId id, const SubjectInfo& info);
  /// The process ended, the cgroup was removed: its series end here.
  void retire(SubjectId id);
  /// Frees what is known of a retired subject once nobody asks for it any more; info() then tells its kind alone, or,
  /// thousands of forgotten ones later, says that it was a process. A recorder that runs for months on a machine that
  /// forks all day would hold every process of these months otherwise; so a forgotten process leaves no byte.
  void forget(SubjectId id);

  [[nodiscard]] SubjectInfo info(SubjectId id) const;
  /// How many there ever were; the next new one has this index.
  [[nodiscard]] std::size_t size() const;
  /// How many of these are not forgotten.
  [[nodiscard]] std::size_t known() const;
  [[nodiscard]] std::optional<SubjectId> find(const SubjectKey& key) const;

  /// The machine itself: index 0 in every registry.
  [[nodiscard]] static constexpr SubjectId machine_id() { return SubjectId{0}; }

 private:
  SubjectId add_locked(SubjectInfo info);

  mutable std::mutex mutex_;
  std::uint32_t size_ = 0;
  std::unordered_map<std::uint32_t, SubjectInfo> known_;       // by index; not there once forgotten
  std::map<std::uint32_t, SubjectKind> forgotten_no_process_;  // the newest kMostKinds that are no processes
  std::unordered_map<SubjectKey, SubjectId> live_;
};

}  // namespace leakscope::model
