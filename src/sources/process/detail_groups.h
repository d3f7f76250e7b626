#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "model/sample.h"

namespace leakscope::sources::process {

/// What a member adds to its group in one sample. Without a value: not known of it.
struct GroupDetail {
  std::optional<std::int64_t> fds;
  std::int64_t cpu_time_since_last = 0;  ///< ns
  std::optional<std::int64_t> pss;
  std::optional<std::int64_t> inotify_watches;
};

/// Sums of the slow tier over the members of groups. A sum is told only when it is known of every member, because one
/// that fills up as members become known would look like growth. CPU time adds up what members used while they were
/// seen, so that it never falls when one ends.
class DetailGroups {
 public:
  void begin_sample();
  void add_member(model::SubjectId group, const GroupDetail& detail);
  void end_sample(model::SampleSink& sink);

 private:
  struct Sums {
    std::int64_t members = 0;
    std::int64_t cpu_time = 0;
    std::optional<std::int64_t> fds;
    std::optional<std::int64_t> pss;
    std::optional<std::int64_t> inotify_watches;
  };
  std::unordered_map<std::uint32_t, Sums> groups_;
};

}  // namespace leakscope::sources::process
