#include <algorithm>

#include <fmt/format.h>

#include "findings/rules/members.h"
#include "findings/rules/rules.h"
#include "findings/text.h"

namespace leakscope::findings::rules {
namespace {

using model::Metric;

void add_where(Draft& draft, const Facts& facts) {
  const double heap = facts.rise(draft.subject, Metric::kProcessHeapRss);
  const double maps = facts.rise(draft.subject, Metric::kProcessAnonMapRss);
  const double stacks = facts.rise(draft.subject, Metric::kProcessStackRss);
  const double largest = std::max({heap, maps, stacks});
  if (largest <= 0 || share_of(largest, draft.rise) < kHalfOfIt) return;
  const char* where = largest == heap   ? "in the [heap] (brk)"
                      : largest == maps ? "in anonymous mappings (mmap, arenas)"
                                        : "in stacks";
  add_evidence(draft, "/proc/PID/smaps", fmt::format("{} of it {}", rise_text(model::Unit::kBytes, largest), where));
}

/// A process at its high-water mark all the time gives nothing back; one below it frees and takes again.
void add_high_water(Draft& draft, const Facts& facts) {
  const auto& observation = facts.observation();
  const auto mark = observation.last(draft.subject, Metric::kProcessHwm);
  const auto anon = observation.last(draft.subject, Metric::kProcessRssAnon);
  if (!mark || !anon) return;
  const auto part = [&](Metric metric) {
    return static_cast<double>(observation.last(draft.subject, metric).value_or(0));
  };
  const double rss = static_cast<double>(*anon) + part(Metric::kProcessRssFile) + part(Metric::kProcessRssShmem);
  const bool at_mark = rss >= 0.98 * static_cast<double>(*mark);
  add_evidence(draft, "/proc/PID/status",
               fmt::format("VmHWM {}, {}", amount_text(model::Unit::kBytes, static_cast<double>(*mark)),
                           at_mark ? "and it stands there: nothing is given back"
                                   : fmt::format("above its {} now", amount_text(model::Unit::kBytes, rss))));
}

/// How many processes of the same group ended in the window: each gave back all it had.
std::int64_t ended_siblings(const Facts& facts, model::SubjectId process) {
  const auto& observation = facts.observation();
  const auto group = observation.info(process).parent;
  if (!group) return 0;
  return std::ranges::count_if(observation.subjects_with(Metric::kProcessRssAnon), [&](model::SubjectId other) {
    const model::SubjectInfo sibling = observation.info(other);
    return sibling.retired && sibling.parent == group;
  });
}

/// How old a process was at the end of the window.
Nanoseconds age_of(const Facts& facts, model::SubjectId process) {
  const model::SubjectInfo info = facts.observation().info(process);
  const auto end = facts.observation().end();
  const auto start = info.key.process ? start_of(*info.key.process) : std::nullopt;
  if (!start || !end) return Nanoseconds::max();
  return end->boot - *start;
}

/// A job of a kind that lives for moments (a compiler, a query, a test) grows until it ends and gives all back. When
/// several of its kind have done so in the window, and it is young itself, its growth says nothing yet; a leak of the
/// kind as a whole shows in the group, and one of a process that stays shows once it is older than the others got.
void doubt_short_lived_kind(Draft& draft, const Facts& facts) {
  constexpr std::int64_t kSeveral = 3;
  constexpr std::int64_t kYoungInWindows = 4;
  if (!draft.alarms()) return;
  const std::int64_t ended = ended_siblings(facts, draft.subject);
  if (ended < kSeveral || age_of(facts, draft.subject) > kYoungInWindows * facts.length()) return;
  draft.finding.state = State::kInsufficient;
  draft.finding.needed = kYoungInWindows * facts.length();
  add_evidence(draft, "/proc",
               fmt::format("{} of its kind ended in this window and gave all back, and it is young", ended));
}

void add_figures(Draft& draft, const Facts& facts) {
  const Test& test = *draft.test;
  add_evidence(draft, facts, test.subject, Metric::kProcessRssAnon, "RssAnon");
  if (!facts.observation().last(test.subject, Metric::kProcessRssAnon)) {
    add_evidence(draft, facts, test.subject, Metric::kProcessRss, "RSS, files and shared memory included,");
  }
  if (facts.rise(test.subject, Metric::kProcessSwap) > 0) {
    add_evidence(draft, facts, test.subject, Metric::kProcessSwap, "VmSwap");
  }
  add_steadiness(draft);
  add_where(draft, facts);
  add_high_water(draft, facts);
  add_evidence(draft, facts, test.subject, Metric::kProcessUss, "private memory");
  doubt_short_lived_kind(draft, facts);
  draft.confirmed =
      facts.test(Quantity::kAnonymous) != nullptr && facts.test(Quantity::kAnonymous)->rise() >= kHalfOfIt * draft.rise;
}

Draft process_draft(const Facts& facts, const Test& test) {
  Draft draft = draft_of(facts, test, "user.anon");
  add_figures(draft, facts);
  return draft;
}

bool explained_by_programs(const Facts& facts, const Drafts& drafts, const Test& all) {
  const Told told = tell_processes_or_groups(facts, Quantity::kProcessAnon, Quantity::kGroupAnon);
  double explained = 0;
  for (const Draft& draft : drafts) {
    if (draft.finding.id == "user.anon") explained += draft.rise;
  }
  for (const Told::Group& group : told.groups) explained += group.test->rise();
  for (const Told::Group& group :
       notable_processes_or_groups(facts, Quantity::kProcessAnon, Quantity::kGroupAnon).groups) {
    explained += group.test->rise();
  }
  return share_of(explained, all.rise()) >= kHalfOfIt;
}

/// What programs that come and go leave standing by chance is no growth of all of them: one that nobody explains must
/// be more than a few MiB, and rise far more often than it falls.
bool stands_out_of_churn(const Test& all) {
  constexpr std::int64_t kFloors = 4;
  constexpr double kMoreOften = 2;
  return all.rise() >= static_cast<double>(kFloors * all.floor) &&
         all.judgement.rising_share > kMoreOften * all.judgement.falling_share;
}

}  // namespace

void user_anon(const Facts& facts, Drafts& drafts) {
  const Told told = tell_processes_or_groups(facts, Quantity::kProcessAnon, Quantity::kGroupAnon);
  for (const Test* test : told.processes) drafts.push_back(process_draft(facts, *test));
  for (const Test* test : notable_processes_or_groups(facts, Quantity::kProcessAnon, Quantity::kGroupAnon).processes) {
    drafts.push_back(process_draft(facts, *test));
  }
  // All programs together grow, but none of those that could be read does: many small ones, or /proc is hidden.
  const Test* all = facts.test(Quantity::kAnonymous);
  if (all == nullptr || !all->grows() || explained_by_programs(facts, drafts, *all)) return;
  if (const Test* process = main_subject(facts, Quantity::kProcessAnon, *all)) {
    Draft draft = attributed_draft(facts, drafts, *process, *all, "user.anon");
    add_figures(draft, facts);
    drafts.push_back(std::move(draft));
    return;
  }
  if (!stands_out_of_churn(*all)) return;
  Draft draft = draft_of(facts, *all, "user.anon");
  const auto machine = model::Registry::machine_id();
  add_evidence(draft, facts, machine, Metric::kMeminfoAnonPages, "AnonPages");
  // On a machine that swaps AnonPages stands still while swap fills.
  if (facts.rise(Metric::kMeminfoSwapTotal) > facts.rise(Metric::kMeminfoSwapFree)) {
    add_evidence(draft, facts, machine, Metric::kMeminfoSwapFree, "SwapFree");
  }
  add_steadiness(draft);
  add_evidence(draft, facts, machine, Metric::kProcessesTotal, "processes");
  add_evidence(draft, "/proc/PID/status", "no single process or group that could be read explains it");
  const Test* lost = facts.test(Quantity::kAvailableLost);
  draft.confirmed = lost != nullptr && lost->rise() >= kHalfOfIt * draft.rise;
  drafts.push_back(std::move(draft));
}

}  // namespace leakscope::findings::rules
