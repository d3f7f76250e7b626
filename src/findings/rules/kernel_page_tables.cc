#include <algorithm>

#include <fmt/format.h>

#include "findings/rules/rules.h"
#include "findings/text.h"

namespace leakscope::findings::rules {
namespace {

using model::Metric;

/// Page tables cost 1/512 of what they map when it lies densely. Up to a sixteenth they are a companion of the memory
/// itself; beyond it, they are what grows.
constexpr double kDenseShare = 1.0 / 16;

double mapped_rise(const Facts& facts, model::SubjectId process) {
  return facts.rise(process, Metric::kProcessRssAnon) + facts.rise(process, Metric::kProcessRssFile) +
         facts.rise(process, Metric::kProcessRssShmem);
}

}  // namespace

void kernel_page_tables(const Facts& facts, Drafts& drafts) {
  double told = 0;
  for (const Test& test : facts.tests(Quantity::kProcessPageTables)) {
    if (!test.grows() && !is_notable(test)) continue;
    if (test.rise() <= kDenseShare * mapped_rise(facts, test.subject)) continue;
    Draft draft = draft_of(facts, test, "kernel.page_tables");
    add_evidence(draft, facts, test.subject, Metric::kProcessPageTables, "VmPTE");
    add_steadiness(draft);
    add_evidence(draft, "/proc/PID/status",
                 fmt::format("while its resident memory rose by {}",
                             amount_text(model::Unit::kBytes, mapped_rise(facts, test.subject))));
    draft.confirmed = facts.rise(Metric::kMeminfoPageTables) >= kHalfOfIt * draft.rise;
    if (draft.alarms()) told += draft.rise;
    drafts.push_back(std::move(draft));
  }
  const Test* sum = facts.test(Quantity::kPageTables);
  if (sum == nullptr || !sum->grows() || share_of(told, sum->rise()) >= kHalfOfIt) return;
  // Many processes, or memory that grows and brings its tables: a companion, too.
  const double mapped =
      std::max(0.0, facts.rise(Metric::kMeminfoAnonPages)) + std::max(0.0, facts.rise(Metric::kMeminfoMapped));
  const bool more_processes = facts.rise(Metric::kProcessesTotal) > 0 || facts.rise(Metric::kTasksTotal) > 0;
  if (sum->rise() <= kDenseShare * mapped || more_processes) return;
  Draft draft = draft_of(facts, *sum, "kernel.page_tables");
  add_evidence(draft, facts, sum->subject, Metric::kMeminfoPageTables, "PageTables");
  add_steadiness(draft);
  drafts.push_back(std::move(draft));
}

}  // namespace leakscope::findings::rules
