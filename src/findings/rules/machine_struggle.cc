#include <utility>
#include <vector>

#include "findings/catalog.h"
#include "findings/rules/rules.h"
#include "findings/struggle.h"

namespace leakscope::findings::rules {

/// Not tested: no leak by itself. Told, so that it can be asked for by its id.
void machine_struggle(const Facts& facts, Drafts& drafts) {
  const std::vector<Struggle> signs = struggle_of(facts);
  if (signs.empty()) return;
  Draft draft;
  Finding& finding = draft.finding;
  finding.id = "machine.struggle";
  finding.state = State::kClean;
  const CatalogEntry& entry = catalog_entry(finding.id);
  finding.domain = entry.domain;
  finding.metric = signs.front().metric;
  finding.unit = model::Unit::kCount;
  finding.next = next_steps(entry, finding.subject);
  for (const Struggle& sign : signs) add_evidence(draft, model::info(sign.metric).source, sign.text);
  drafts.push_back(std::move(draft));
}

}  // namespace leakscope::findings::rules
