#pragma once

#include <deque>
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

  [[nodiscard]] SubjectInfo info(SubjectId id) const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::optional<SubjectId> find(const SubjectKey& key) const;

  /// The machine itself: index 0 in every registry.
  [[nodiscard]] static constexpr SubjectId machine_id() { return SubjectId{0}; }

 private:
  SubjectId add_locked(SubjectInfo info);

  mutable std::mutex mutex_;
  std::deque<SubjectInfo> subjects_;
  std::unordered_map<SubjectKey, SubjectId> live_;
};

}  // namespace leakscope::model
