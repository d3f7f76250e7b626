#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "findings/rules/members.h"
#include "findings/rules/rules.h"
#include "findings/text.h"

namespace leakscope::findings::rules {
namespace {

using model::Metric;

/// A descriptor comes with a small block or two in the program.
constexpr double kBytesPerDescriptor = 4096.0;

void add_kinds(Draft& draft, const Facts& facts) {
  static constexpr auto kKinds = std::to_array<std::pair<Metric, std::string_view>>({
      {Metric::kProcessFdSockets, "sockets"},
      {Metric::kProcessFdPipes, "pipes"},
      {Metric::kProcessFdFiles, "files"},
      {Metric::kProcessFdAnon, "anonymous inodes (eventfd, epoll, bpf)"},
      {Metric::kProcessFdMemfds, "memfds"},
  });
  std::string text;
  for (const auto& [metric, words] : kKinds) {
    const double rise = facts.rise(draft.subject, metric);
    if (rise < 1) continue;
    if (!text.empty()) text += ", ";
    text += rise_text(model::Unit::kCount, rise) + " " + std::string(words);
  }
  if (!text.empty()) add_evidence(draft, "/proc/PID/fd", text);
}

Draft draft_for(const Facts& facts, const Test& test) {
  const bool is_process = test.quantity == Quantity::kProcessFds;
  Draft draft = draft_of(facts, test, "user.descriptors");
  add_evidence(draft, facts, test.subject, is_process ? Metric::kProcessFds : Metric::kGroupFds, "descriptors");
  add_steadiness(draft);
  if (is_process) add_kinds(draft, facts);
  if (const auto limit = facts.observation().last(test.subject, Metric::kProcessFdLimit)) {
    add_evidence(draft, "/proc/PID/limits", "soft limit " + with_commas(*limit));
  }
  const double files = facts.rise(Metric::kFileAllocated);
  draft.confirmed = files >= kHalfOfIt * draft.rise;
  if (draft.confirmed) add_evidence(draft, facts, model::Registry::machine_id(), Metric::kFileAllocated, "open files");
  return draft;
}

}  // namespace

void user_descriptors(const Facts& facts, Drafts& drafts) {
  for (const Told& told : {tell_processes_or_groups(facts, Quantity::kProcessFds, Quantity::kGroupFds),
                           notable_processes_or_groups(facts, Quantity::kProcessFds, Quantity::kGroupFds)}) {
    for (const Test* test : told.processes) {
      Draft draft = draft_for(facts, *test);
      absorb_memory_of(drafts, draft, kBytesPerDescriptor);
      drafts.push_back(std::move(draft));
    }
    for (const Told::Group& group : told.groups) {
      Draft draft = draft_for(facts, *group.test);
      name_members(draft, facts, group.members);
      absorb_memory_of(drafts, draft, kBytesPerDescriptor);
      drafts.push_back(std::move(draft));
    }
  }
}

}  // namespace leakscope::findings::rules
