#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "model/sample.h"
#include "sources/process_table.h"

namespace leakscope::sources::process {

/// The sizes of a process that its group sums up, as known last.
struct GroupShare {
  static constexpr std::size_t kSizes = 6;
  std::array<std::int64_t, kSizes> values{};
  std::uint8_t known = 0;  ///< one bit per value

  /// Takes what the record tells and keeps the rest.
  void take(const ProcessRecord& record);
};

/// What a process is run from and where: makes up its group.
struct GroupIdentity {
  std::string executable;  ///< target of /proc/PID/exe; empty: not to be had
  std::string comm;        ///< stands in for it then
  std::string cgroup;      ///< where its memory is charged
  std::string container;   ///< unit, container or machine; empty: none
};
/// "nginx in nginx.service", "sleep in /jobs/7", "init": the executable without its folder, and the unit or
/// container, else the cgroup unless that is the root.
[[nodiscard]] std::string group_name(const GroupIdentity& identity);

/// Groups of processes, which outlive their pids: sums over the members in every sample, zeros while there are none.
/// A group without members is forgotten after a while.
class ProcessGroups {
 public:
  explicit ProcessGroups(Nanoseconds keep_empty) : keep_empty_(keep_empty) {}

  /// The index of the group, which is made known if it is new. Stays valid while the group has members.
  std::uint32_t find_or_add(model::Registry& registry, const GroupIdentity& identity, BootTime now);
  [[nodiscard]] model::SubjectId subject(std::uint32_t group) const { return groups_[group].subject; }

  void begin_sample();
  void add_member(std::uint32_t group, const GroupShare& share);
  /// Writes the sums, and retires groups that had no member for the time to keep them.
  void end_sample(model::SampleSink& sink);

 private:
  struct Group {
    std::string name;  // empty: unused
    model::SubjectId subject;
    GroupShare sums;  // `known`: what was ever written
    std::int64_t members = 0;
    BootTime last_member;
  };

  Nanoseconds keep_empty_;
  std::vector<Group> groups_;
  std::vector<std::uint32_t> unused_;
  std::unordered_map<std::string, std::uint32_t> by_name_;
};

}  // namespace leakscope::sources::process
