#include "findings/holders.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "findings/text.h"

namespace leakscope::findings {
namespace {

using model::Metric;
using model::SubjectId;

struct Kind {
  Metric metric;
  std::string_view words;
  bool HeldKinds::* wanted;
};
constexpr std::array<Kind, 4> kKinds{{
    {Metric::kProcessMsgBytes, "message queues", &HeldKinds::messages},
    {Metric::kProcessSocketBytes, "socket queues", &HeldKinds::sockets},
    {Metric::kProcessPipeBytes, "pipes", &HeldKinds::pipes},
    {Metric::kProcessBpfBytes, "BPF maps", &HeldKinds::bpf},
}};

struct Held {
  double grown = 0;
  std::string words;
};

/// How much of a holding is new. With one reading only (holders are often looked at once a suspect is known) all of it
/// may be.
double grown_by(const model::Series& series) {
  if (series.empty()) return 0;
  if (series.size() == 1) return static_cast<double>(series.front().value);
  return edges_of(series).rise();
}

void add_held(std::unordered_map<std::uint32_t, Held>& held, SubjectId process, double grown, std::string_view words) {
  Held& entry = held[process.index];
  entry.grown += grown;
  if (!entry.words.empty()) entry.words += ", ";
  entry.words += words;
}

/// Messages stay when who sent them ends: then a queue's owner is all that is left to name.
double name_left_messages(Draft& draft, const model::Observation& observation, double grown) {
  double left = 0;
  for (const SubjectId user : observation.subjects_with(Metric::kUserMsgBytes)) {
    const double by = grown_by(*observation.find(user, Metric::kUserMsgBytes));
    if (by <= 0) continue;
    left += by;
    if (by < grown / 20) continue;
    add_evidence(draft, "/proc/sysvipc/msg",
                 fmt::format("{} in message queues of {} whose last sender has ended",
                             amount_text(model::Unit::kBytes, by), observation.info(user).key.name));
  }
  return left;
}

}  // namespace

bool keeps_messages_apart(const Facts& facts) {
  const model::Observation& observation = facts.observation();
  return std::ranges::any_of(observation.subjects_with(Metric::kSlabActiveObjects),
                             [&](SubjectId cache) { return observation.info(cache).key.name.starts_with("msg_msg-"); });
}

HeldKinds kinds_of_cache(std::string_view cache, double object_bytes, bool messages_apart) {
  HeldKinds kinds{.object_bytes = object_bytes};
  const auto has = [&](std::string_view part) { return cache.find(part) != std::string_view::npos; };
  if (cache.starts_with("msg_msg")) kinds.messages = true;
  if (cache.starts_with("kmalloc")) {
    kinds.sockets = kinds.pipes = kinds.bpf = true;
    kinds.messages = !messages_apart;
  }
  if (has("skb") || has("sock") || has("TCP") || has("UDP") || has("UNIX") || has("RAW") || has("PING")) {
    kinds.sockets = true;
  }
  if (has("sock_inode") || cache == "filp" || cache.starts_with("file") || cache == "dentry" || has("inode_cache") ||
      cache.starts_with("eventpoll") || cache.starts_with("pipe")) {
    kinds.descriptors = true;
  }
  return kinds;
}

std::optional<double> name_holders(Draft& draft, const Facts& facts, const HeldKinds& kinds, double grown) {
  const model::Observation& observation = facts.observation();
  std::unordered_map<std::uint32_t, Held> held;
  bool looked = false;
  for (const Kind& kind : kKinds) {
    if (!(kinds.*kind.wanted)) continue;
    for (const SubjectId process : observation.subjects_with(kind.metric)) {
      looked = true;
      if (facts.is_observer(process)) continue;
      const double by = grown_by(*observation.find(process, kind.metric));
      if (by > 0)
        add_held(held, process, by, fmt::format("{} in {}", amount_text(model::Unit::kBytes, by), kind.words));
    }
  }
  if (kinds.descriptors) {
    for (const SubjectId process : observation.subjects_with(Metric::kProcessFds)) {
      looked = true;
      if (facts.is_observer(process)) continue;
      const double more = facts.rise(process, Metric::kProcessFds);
      if (more < static_cast<double>(info(Quantity::kProcessFds).floor)) continue;
      add_held(held, process, more * kinds.object_bytes,
               with_commas(static_cast<std::int64_t>(more)) + " more descriptors");
    }
  }
  const double left = kinds.messages ? name_left_messages(draft, observation, grown) : 0;
  if (!looked && left <= 0) return std::nullopt;

  std::vector<std::pair<std::uint32_t, Held>> ranked(held.begin(), held.end());
  std::ranges::sort(ranked, [](const auto& a, const auto& b) {
    return a.second.grown != b.second.grown ? a.second.grown > b.second.grown : a.first < b.first;
  });
  double explained = left;
  for (const auto& [index, entry] : ranked) {
    // Everybody holds a little; a holder explains at least a twentieth.
    explained += entry.grown;
    if (entry.grown < grown / 20 || draft.finding.holders.size() >= 5) continue;
    const model::SubjectInfo process = observation.info(SubjectId{index});
    if (!process.key.process) continue;
    draft.finding.holders.push_back({*process.key.process, process.key.name, process.cgroup, entry.words});
  }
  const std::string what = kinds.descriptors ? "sockets, pipes, queues, BPF maps and descriptors explain "
                                             : "sockets, pipes, queues and BPF maps explain ";
  const std::string amount = amount_text(model::Unit::kBytes, std::min(explained, grown));
  add_evidence(draft, "processes",
               draft.finding.holders.empty() && left < grown / 20 ? "nobody holds them: " + what + amount
                                                                  : fmt::format("{}{} of it", what, amount));
  return explained;
}

}  // namespace leakscope::findings
