#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "findings/catalog.h"
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

Draft tmpfs_draft(const Facts& facts, Draft draft) {
  const Test& test = *draft.test;
  add_evidence(draft, facts, test.subject, Metric::kTmpfsUsed, "used");
  if (facts.rise(test.subject, Metric::kTmpfsFiles) != 0) {
    add_evidence(draft, facts, test.subject, Metric::kTmpfsFiles, "files");
  }
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

/// Shmem grows, and the tmpfs that explains most of it does not pass by itself: its source is slow.
void tell_main_tmpfs(const Facts& facts, Drafts& drafts) {
  const Test* shmem = facts.test(Quantity::kShmem);
  const bool told = std::ranges::any_of(
      drafts, [](const Draft& draft) { return draft.quantity == Quantity::kTmpfs && draft.alarms(); });
  if (shmem == nullptr || !shmem->grows() || told) return;
  const Test* mount = main_subject(facts, Quantity::kTmpfs, *shmem);
  if (mount == nullptr) return;
  drafts.push_back(tmpfs_draft(facts, attributed_draft(facts, drafts, *mount, *shmem, "user.shmem")));
}

double rise_of_tmpfs(const Facts& facts) {
  double sum = 0;
  for (const SubjectId mount : facts.observation().subjects_with(Metric::kTmpfsUsed)) {
    sum += facts.rise(mount, Metric::kTmpfsUsed);
  }
  return sum;
}

struct Owner {
  SubjectId process;
  double rise = 0;
};

/// Who may hold what nothing else explains: the process that maps it, else the one that made more memfds than all
/// others together.
std::optional<Owner> owner_of(const Facts& facts, double unexplained) {
  std::optional<Owner> mapper;
  for (const Test& test : facts.tests(Quantity::kProcessShmem)) {
    const bool most = test.rise() >= kHalfOfIt * unexplained && (!mapper || test.rise() > mapper->rise);
    if (test.grows() && most) mapper = Owner{test.subject, test.rise()};
  }
  if (mapper) return mapper;
  double all = 0;
  Owner most;
  for (const SubjectId process : facts.observation().subjects_with(Metric::kProcessFdMemfds)) {
    const double rise = std::max(0.0, facts.rise(process, Metric::kProcessFdMemfds));
    all += rise;
    if (rise > most.rise) most = {process, rise};
  }
  if (most.rise < 1 || most.rise < kHalfOfIt * all) return std::nullopt;
  return most;
}

/// The descriptors of the memfds are the same growth.
void absorb_memfds(const Facts& facts, Drafts& drafts, Draft& draft, SubjectId process) {
  std::erase_if(drafts, [&](const Draft& other) {
    if (other.finding.id != "user.descriptors" || other.subject != process) return false;
    if (facts.rise(process, Metric::kProcessFdMemfds) < kHalfOfIt * other.rise) return false;
    add_evidence(draft, "/proc/PID/fd", rise_text(model::Unit::kCount, other.rise) + " descriptors along with it");
    return true;
  });
}

/// memfd, shared anonymous mappings, GEM objects: Shmem rises, and neither files in a tmpfs nor SysV segments do.
void tell_unexplained(const Facts& facts, Drafts& drafts) {
  const Test* shmem = facts.test(Quantity::kShmem);
  if (shmem == nullptr || !shmem->grows()) return;
  const double files = rise_of_tmpfs(facts) + facts.rise(Metric::kSysvShmBytes);
  const double unexplained = shmem->rise() - files;
  if (share_of(unexplained, shmem->rise()) < kHalfOfIt) return;
  Draft draft = draft_of(facts, *shmem, "user.shmem");
  if (const auto owner = owner_of(facts, unexplained)) {
    draft.finding.subject = facts.observation().info(owner->process);
    draft.finding.next = next_steps(catalog_entry("user.descriptors"), draft.finding.subject);
    add_evidence(draft, facts, owner->process, Metric::kProcessRssShmem, "RssShmem");
    add_evidence(draft, facts, owner->process, Metric::kProcessFdMemfds, "memfds");
    absorb_memfds(facts, drafts, draft, owner->process);
  } else {
    name_mappers(draft, facts);
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
    if (test.grows() || is_notable(test)) drafts.push_back(tmpfs_draft(facts, draft_of(facts, test, "user.shmem")));
  }
  tell_main_tmpfs(facts, drafts);
  for (const Test& test : facts.tests(Quantity::kShmSegment)) {
    if (test.grows() || is_notable(test)) drafts.push_back(segment_draft(facts, test));
  }
  for (const Test& test : facts.tests(Quantity::kShmUnattached)) {
    if (test.grows() || is_notable(test)) drafts.push_back(unattached_draft(facts, test));
  }
  tell_unexplained(facts, drafts);
}

}  // namespace leakscope::findings::rules
