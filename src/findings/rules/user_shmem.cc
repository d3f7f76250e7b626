#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "findings/rules/rules.h"
#include "findings/text.h"

namespace leakscope::findings::rules {
namespace {

using model::Metric;
using model::SubjectId;

/// Processes whose mapped shared memory grew alongside.
void name_mappers(Draft& draft, const Facts& facts) {
  std::vector<const Test*> mappers;
  for (const Test& test : facts.tests(Quantity::kProcessShmem)) {
    if (test.rise() >= draft.rise / 20) mappers.push_back(&test);
  }
  std::ranges::sort(mappers, std::greater{}, [](const Test* test) { return test->rise(); });
  if (mappers.size() > 5) mappers.resize(5);
  for (const Test* test : mappers) {
    const model::SubjectInfo process = facts.observation().info(test->subject);
    if (!process.key.process) continue;
    const std::string holds = rise_text(model::Unit::kBytes, test->rise()) + " mapped";
    draft.finding.holders.push_back({*process.key.process, process.key.name, process.cgroup, holds});
    add_evidence(draft, "/proc/PID/status",
                 fmt::format("{} {}: {}", process.key.process->pid.value, process.key.name, holds));
  }
}

void finish(Draft& draft, const Facts& facts) {
  add_steadiness(draft);
  const Test* shmem = facts.test(Quantity::kShmem);
  draft.confirmed = shmem != nullptr && shmem->rise() >= kHalfOfIt * draft.rise;
  if (draft.confirmed) {
    add_evidence(draft, facts, model::Registry::machine_id(), Metric::kMeminfoShmem, "Shmem");
  }
}

Draft tmpfs_draft(const Facts& facts, const Test& test) {
  Draft draft = draft_of(facts, test, "user.shmem");
  add_evidence(draft, facts, test.subject, Metric::kTmpfsUsed, "used");
  add_evidence(draft, facts, test.subject, Metric::kTmpfsFiles, "files");
  name_mappers(draft, facts);
  finish(draft, facts);
  return draft;
}

Draft segment_draft(const Facts& facts, const Test& test) {
  Draft draft = draft_of(facts, test, "user.shmem");
  add_evidence(draft, facts, test.subject, Metric::kShmSegmentRss, "resident");
  const auto attached = facts.observation().last(test.subject, Metric::kShmSegmentAttached);
  if (attached) {
    add_evidence(draft, "/proc/sysvipc/shm",
                 *attached == 0 ? "nobody has it attached" : fmt::format("attached {} times", *attached));
  }
  finish(draft, facts);
  return draft;
}

Draft unattached_draft(const Facts& facts, const Test& test) {
  Draft draft = draft_of(facts, test, "user.shmem");
  draft.finding.subject.key.name = "in SysV segments that nobody has attached";
  add_evidence(draft, facts, test.subject, Metric::kSysvShmUnattachedBytes, "in segments that nobody has attached");
  add_evidence(draft, facts, test.subject, Metric::kSysvShmSegments, "segments");
  draft.finding.next = {"ipcs -m", "leakscope status"};
  finish(draft, facts);
  return draft;
}

double rise_of_tmpfs(const Facts& facts) {
  double sum = 0;
  for (const SubjectId mount : facts.observation().subjects_with(Metric::kTmpfsUsed)) {
    sum += facts.rise(mount, Metric::kTmpfsUsed);
  }
  return sum;
}

/// memfd, shared anonymous mappings, GEM objects: Shmem rises, and neither files in a tmpfs nor SysV segments do.
void tell_unexplained(const Facts& facts, Drafts& drafts) {
  const Test* shmem = facts.test(Quantity::kShmem);
  if (shmem == nullptr || !shmem->grows()) return;
  const double files = rise_of_tmpfs(facts) + facts.rise(Metric::kSysvShmBytes);
  const double unexplained = shmem->rise() - files;
  if (share_of(unexplained, shmem->rise()) < kHalfOfIt) return;
  const Test* mapper = nullptr;
  for (const Test& test : facts.tests(Quantity::kProcessShmem)) {
    if (test.grows() && test.rise() >= kHalfOfIt * unexplained && (mapper == nullptr || test.rise() > mapper->rise())) {
      mapper = &test;
    }
  }
  Draft draft = draft_of(facts, mapper != nullptr ? *mapper : *shmem, "user.shmem");
  if (mapper != nullptr) {
    add_evidence(draft, facts, mapper->subject, Metric::kProcessRssShmem, "RssShmem");
    add_evidence(draft, facts, mapper->subject, Metric::kProcessFdMemfds, "descriptors of memfds");
  } else {
    name_mappers(draft, facts);
    for (const SubjectId process : facts.observation().subjects_with(Metric::kProcessFdMemfds)) {
      if (facts.rise(process, Metric::kProcessFdMemfds) < 1) continue;
      const model::SubjectInfo known = facts.observation().info(process);
      if (!known.key.process || draft.finding.holders.size() >= 5) continue;
      draft.finding.holders.push_back({*known.key.process, known.key.name, known.cgroup, "more memfds"});
    }
  }
  add_evidence(draft, "statvfs, /proc/sysvipc/shm",
               fmt::format("files in tmpfs and SysV segments explain {} of it",
                           amount_text(model::Unit::kBytes, std::max(0.0, files))));
  finish(draft, facts);
  drafts.push_back(std::move(draft));
}

}  // namespace

void user_shmem(const Facts& facts, Drafts& drafts) {
  for (const Test& test : facts.tests(Quantity::kTmpfs)) {
    if (test.grows() || is_notable(test)) drafts.push_back(tmpfs_draft(facts, test));
  }
  for (const Test& test : facts.tests(Quantity::kShmSegment)) {
    if (test.grows() || is_notable(test)) drafts.push_back(segment_draft(facts, test));
  }
  for (const Test& test : facts.tests(Quantity::kShmUnattached)) {
    if (test.grows() || is_notable(test)) drafts.push_back(unattached_draft(facts, test));
  }
  tell_unexplained(facts, drafts);
}

}  // namespace leakscope::findings::rules
