#include "sources/process/process_groups.h"

#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"

namespace leakscope::sources::process {
namespace {

using model::Metric;

struct SummedSize {
  std::optional<std::int64_t> ProcessRecord::* member;
  Metric metric;
};
constexpr std::array<SummedSize, GroupShare::kSizes> kSummed = {{
    {&ProcessRecord::rss_anon, Metric::kGroupRssAnon},
    {&ProcessRecord::rss_file, Metric::kGroupRssFile},
    {&ProcessRecord::rss_shmem, Metric::kGroupRssShmem},
    {&ProcessRecord::swap, Metric::kGroupSwap},
    {&ProcessRecord::page_tables, Metric::kGroupPageTables},
    {&ProcessRecord::threads, Metric::kGroupThreads},
}};

}  // namespace

void GroupShare::take(const ProcessRecord& record) {
  for (std::size_t i = 0; i < kSizes; ++i) {
    const std::optional<std::int64_t>& value = record.*kSummed[i].member;
    if (!value) continue;
    values[i] = *value;
    known = static_cast<std::uint8_t>(known | (1U << i));
  }
}

std::string group_name(const GroupIdentity& identity) {
  constexpr std::string_view kDeleted = " (deleted)";
  std::string_view program = identity.executable.empty() ? identity.comm : identity.executable;
  if (program.ends_with(kDeleted)) program.remove_suffix(kDeleted.size());
  program.remove_prefix(program.rfind('/') + 1);
  if (!identity.container.empty()) return fmt::format("{} in {}", program, identity.container);
  if (!identity.cgroup.empty() && identity.cgroup != "/") return fmt::format("{} in {}", program, identity.cgroup);
  return std::string(program);
}

std::uint32_t ProcessGroups::find_or_add(model::Registry& registry, const GroupIdentity& identity, BootTime now) {
  std::string name = group_name(identity);
  if (const auto found = by_name_.find(name); found != by_name_.end()) return found->second;
  auto index = static_cast<std::uint32_t>(groups_.size());
  if (unused_.empty()) {
    groups_.emplace_back();
  } else {
    index = unused_.back();
    unused_.pop_back();
  }
  Group& group = groups_[index];
  group = Group{};
  group.name = name;
  group.last_member = now;
  model::SubjectInfo info;
  info.key = {model::SubjectKind::kGroup, name};
  info.cgroup = identity.cgroup;
  info.container = identity.container;
  info.executable = identity.executable;
  group.subject = registry.intern(std::move(info));
  by_name_.emplace(std::move(name), index);
  return index;
}

void ProcessGroups::begin_sample() {
  for (Group& group : groups_) {
    group.sums.values = {};
    group.members = 0;
  }
}

void ProcessGroups::add_member(std::uint32_t index, const GroupShare& share) {
  Group& group = groups_[index];
  ++group.members;
  group.sums.known |= share.known;
  for (std::size_t i = 0; i < GroupShare::kSizes; ++i) {
    group.sums.values[i] = checked_add(group.sums.values[i], share.values[i]).value_or(INT64_MAX);
  }
}

void ProcessGroups::end_sample(model::SampleSink& sink) {
  const BootTime now = sink.time().boot;
  for (std::uint32_t index = 0; index < groups_.size(); ++index) {
    Group& group = groups_[index];
    if (group.name.empty()) continue;
    sink.put(group.subject, Metric::kGroupMembers, group.members);
    for (std::size_t i = 0; i < GroupShare::kSizes; ++i) {
      if ((group.sums.known & (1U << i)) != 0) sink.put(group.subject, kSummed[i].metric, group.sums.values[i]);
    }
    if (group.members > 0) {
      group.last_member = now;
    } else if (now - group.last_member > keep_empty_) {
      sink.retire(group.subject);
      by_name_.erase(group.name);
      group.name.clear();
      unused_.push_back(index);
    }
  }
}

}  // namespace leakscope::sources::process
