#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "findings/rules/rules.h"
#include "findings/text.h"

namespace leakscope::findings::rules {
namespace {

using model::Metric;

/// "1.00 blocks per round (1.00 to 1.00), 80 bytes each with header: requests of 57 to 72"
void add_blocks(Draft& draft, const Facts& facts) {
  const Test* blocks = facts.test(Quantity::kProcessHeapBlocks, draft.subject);
  if (blocks == nullptr || !blocks->judgement.rate || !draft.finding.per_round) return;
  const analysis::trend::Rate& rate = *blocks->judgement.rate;
  std::string text = per_round_text(model::Unit::kCount, {rate.lower, rate.point, rate.upper}, "blocks");
  if (rate.point > 0) {
    // A chunk is the request and 8 bytes, rounded up to 16; 32 at least.
    const double each = draft.finding.per_round->point / rate.point;
    const auto chunk = static_cast<std::int64_t>(std::llround(each));
    if (chunk >= 32 && chunk % 16 == 0 && std::abs(each - static_cast<double>(chunk)) < 0.01) {
      text += fmt::format(", {} bytes each with header: requests of {} to {}", with_commas(chunk),
                          chunk == 32 ? "1" : with_commas(chunk - 23), with_commas(chunk - 8));
    } else {
      text += fmt::format(", about {} bytes each with header", with_commas(chunk));
    }
  }
  add_evidence(draft, "/proc/PID/mem", std::move(text));
}

}  // namespace

void user_heap(const Facts& facts, Drafts& drafts) {
  for (const Test& test : facts.tests(Quantity::kProcessHeap)) {
    if (!test.grows() && !is_notable(test)) continue;
    Draft draft = draft_of(facts, test, "user.heap");
    add_evidence(draft, facts, test.subject, Metric::kProcessHeapInUse, "in use of its heap");
    add_blocks(draft, facts);
    add_steadiness(draft);
    if (draft.alarms()) {
      // The pages under these blocks are the same bytes.
      std::erase_if(drafts, [&](const Draft& other) {
        const bool same = other.finding.id == "user.anon" && other.subject == draft.subject &&
                          share_of(draft.rise, other.rise) >= kHalfOfIt;
        if (same) add_evidence(draft, facts, test.subject, Metric::kProcessRssAnon, "RssAnon");
        return same;
      });
    }
    drafts.push_back(std::move(draft));
  }
}

}  // namespace leakscope::findings::rules
