#pragma once

#include <vector>

#include "findings/draft.h"

namespace leakscope::findings::rules {

/// Who is told of a growth that both processes and their groups show.
struct Told {
  std::vector<const Test*> processes;
  struct Group {
    const Test* test = nullptr;
    std::vector<const Test*> members;  ///< processes of it that grow by themselves, largest first
  };
  std::vector<Group> groups;
};

/// A process and its group are never both told. The group is told when its members come and go (those that were there
/// all the time do not explain most of its growth), or when at least two members, and at least half of all, grow: then
/// it is one defect of one program. Otherwise the growing processes are told.
[[nodiscard]] Told tell_processes_or_groups(const Facts& facts, Quantity process, Quantity group);

/// The same choice for what rose without being a leak: notable processes, and notable groups that none of their
/// notable members explains.
[[nodiscard]] Told notable_processes_or_groups(const Facts& facts, Quantity process, Quantity group);

/// The members of a group finding become its holders.
void name_members(Draft& draft, const Facts& facts, const std::vector<const Test*>& members);

/// Memory that a leak of threads or descriptors brings along in the same process or group, `bytes_each` at most for
/// each: it becomes evidence of `draft`, and its own finding goes.
void absorb_memory_of(Drafts& drafts, Draft& draft, double bytes_each);

}  // namespace leakscope::findings::rules
