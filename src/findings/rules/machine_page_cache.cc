#include <algorithm>

#include "findings/catalog.h"
#include "findings/rules/rules.h"

namespace leakscope::findings::rules {
namespace {

using model::Metric;

constexpr double kNotable = 64.0 * 1024 * 1024;

}  // namespace

/// Not tested: page cache never is a leak. Told, because it is what most people take for one.
void machine_page_cache(const Facts& facts, Drafts& drafts) {
  const auto cached = facts.edges(Metric::kMeminfoCached);
  if (!cached) return;
  const double files = cached->rise() - facts.rise(Metric::kMeminfoShmem);
  if (files < kNotable) return;
  Draft draft;
  draft.rise = files;
  Finding& finding = draft.finding;
  finding.id = "machine.page_cache";
  finding.state = State::kCache;
  finding.domain = catalog_entry(finding.id).domain;
  finding.metric = Metric::kMeminfoCached;
  finding.amount = static_cast<std::int64_t>(files);
  finding.level = facts.observation().last(model::Registry::machine_id(), Metric::kMeminfoCached);
  finding.confidence = Confidence::kHigh;
  const model::SubjectId machine = model::Registry::machine_id();
  add_evidence(draft, facts, machine, Metric::kMeminfoCached, "Cached");
  add_evidence(draft, facts, machine, Metric::kMeminfoActiveFile, "Active(file)");
  add_evidence(draft, facts, machine, Metric::kMeminfoInactiveFile, "Inactive(file)");
  add_evidence(draft, facts, machine, Metric::kMeminfoMemAvailable, "MemAvailable");
  drafts.push_back(std::move(draft));
}

}  // namespace leakscope::findings::rules
