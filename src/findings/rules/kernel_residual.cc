#include <array>

#include <fmt/format.h>

#include "findings/holders.h"
#include "findings/rules/rules.h"
#include "findings/text.h"

namespace leakscope::findings::rules {
namespace {

using model::Metric;

/// Single pages taken one by one use up and split the small blocks; large blocks that go missing point at big orders.
void add_free_blocks(Draft& draft, const Facts& facts) {
  static constexpr auto kOrders =
      std::to_array<Metric>({Metric::kBuddyOrder0, Metric::kBuddyOrder1, Metric::kBuddyOrder2, Metric::kBuddyOrder3});
  Edges low;
  for (const Metric order : kOrders) {
    const auto edges = facts.edges(order);
    if (!edges) return;
    low.start += edges->start;
    low.end += edges->end;
  }
  std::string text =
      fmt::format("free blocks of order 0 to 3: {}", change_text(model::Unit::kCount, low.start, low.end));
  if (const auto large = facts.edges(Metric::kBuddyOrder10)) {
    text += fmt::format(", of order 10: {}", change_text(model::Unit::kCount, large->start, large->end));
  }
  add_evidence(draft, "/proc/buddyinfo", std::move(text));
}

}  // namespace

void kernel_residual(const Facts& facts, Drafts& drafts) {
  const Test* test = facts.test(Quantity::kResidual);
  if (test == nullptr || (!test->grows() && !is_notable(*test))) return;
  Draft draft = draft_of(facts, *test, "kernel.residual");
  add_evidence(draft, "ledger",
               fmt::format("pages that no row explains {}, known holders taken out",
                           change_text(model::Unit::kBytes, test->edges.start, test->edges.end)));
  add_steadiness(draft);
  add_free_blocks(draft, facts);
  name_holders(draft, facts, {.sockets = true, .pipes = true}, draft.rise);
  const Test* lost = facts.test(Quantity::kAvailableLost);
  draft.confirmed = lost != nullptr && lost->rise() >= kHalfOfIt * draft.rise;
  drafts.push_back(std::move(draft));
}

}  // namespace leakscope::findings::rules
