#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "findings/rules/rules.h"
#include "findings/text.h"

namespace leakscope::findings::rules {
namespace {

using model::Metric;

void tell(const Facts& facts, Drafts& drafts, const Test& test, std::string_view id, std::string_view words) {
  if (!test.grows() && !is_notable(test)) return;
  Draft draft = draft_of(facts, test, id);
  add_evidence(draft, facts, test.subject, info(test.quantity).metric, words);
  add_steadiness(draft);
  drafts.push_back(std::move(draft));
}

/// Files and threads: told only where no program's own finding explains them.
void tell_machine_counts(const Facts& facts, Drafts& drafts) {
  if (const Test* files = facts.test(Quantity::kFiles); files != nullptr) {
    // A System V segment is an open file of the kernel's own.
    const double known = alarmed_rise(drafts, "user.descriptors") + std::max(0.0, facts.rise(Metric::kSysvShmSegments));
    if (share_of(known, files->rise()) < kHalfOfIt) tell(facts, drafts, *files, "limit.files", "open files");
  }
  if (const Test* tasks = facts.test(Quantity::kTasks);
      tasks != nullptr && share_of(alarmed_rise(drafts, "user.threads"), tasks->rise()) < kHalfOfIt) {
    const std::size_t before = drafts.size();
    tell(facts, drafts, *tasks, "limit.pids", "threads in the system");
    if (drafts.size() > before && facts.rise(Metric::kProcessesZombies) >= kHalfOfIt * tasks->rise()) {
      add_evidence(drafts.back(), facts, tasks->subject, Metric::kProcessesZombies,
                   "ended processes that nobody has waited for");
    }
  }
  if (const Test* conntrack = facts.test(Quantity::kConntrack)) {
    tell(facts, drafts, *conntrack, "limit.conntrack", "tracked connections");
  }
}

void name_watchers(const Facts& facts, Draft& draft) {
  for (const model::SubjectId process : facts.observation().subjects_with(Metric::kProcessInotifyWatches)) {
    const double rise = facts.rise(process, Metric::kProcessInotifyWatches);
    if (rise < draft.rise / 20 || draft.finding.holders.size() >= 5) continue;
    const model::SubjectInfo known = facts.observation().info(process);
    if (!known.key.process) continue;
    draft.finding.holders.push_back(
        {*known.key.process, known.key.name, known.cgroup, rise_text(model::Unit::kCount, rise) + " watches"});
    add_evidence(draft, "/proc/PID/fdinfo",
                 fmt::format("{} {}: {} watches", known.key.process->pid.value, known.key.name,
                             rise_text(model::Unit::kCount, rise)));
  }
}

}  // namespace

void limits(const Facts& facts, Drafts& drafts) {
  tell_machine_counts(facts, drafts);
  for (const Test& test : facts.tests(Quantity::kCgroupPids)) {
    if (share_of(alarmed_rise(drafts, "user.threads") + alarmed_rise(drafts, "limit.pids"), test.rise()) >= kHalfOfIt)
      continue;
    tell(facts, drafts, test, "limit.pids", "tasks");
  }
  for (const Test& test : facts.tests(Quantity::kInotify)) {
    const std::size_t before = drafts.size();
    tell(facts, drafts, test, "limit.inotify", "watches");
    if (drafts.size() > before) name_watchers(facts, drafts.back());
  }
  for (const auto& [quantity, words] : {std::pair{Quantity::kMsgQueues, "message queues"},
                                        {Quantity::kShmSegments, "shared memory segments"},
                                        {Quantity::kSemSets, "semaphore sets"}}) {
    const Test* test = facts.test(quantity);
    if (test == nullptr) continue;
    const std::size_t before = drafts.size();
    tell(facts, drafts, *test, "limit.ipc", words);
    if (drafts.size() > before) drafts.back().finding.subject.key.name = words;
  }
}

}  // namespace leakscope::findings::rules
