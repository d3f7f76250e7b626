#include "findings/judge.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "analysis/accounting/ledger.h"
#include "findings/catalog.h"
#include "findings/decline.h"
#include "findings/draft.h"
#include "findings/facts.h"
#include "findings/headroom.h"
#include "findings/rules/rules.h"
#include "findings/struggle.h"

namespace leakscope::findings {
namespace {

using analysis::trend::Shape;

/// high: another counter shows the same rise, at least 8 blocks, and the interval of the rate is tight (its lower bound
/// at least half of the middle). medium: the rate is above zero for certain, and either of the two others holds. Else
/// low.
Confidence confidence_of(const Draft& draft) {
  if (draft.finding.state == State::kCache) return Confidence::kHigh;
  if (draft.test == nullptr || !draft.finding.rate) return Confidence::kLow;
  const Interval& rate = *draft.finding.rate;
  const bool enough_blocks = draft.test->judgement.blocks >= 8;
  if (draft.confirmed && !draft.attributed && enough_blocks && rate.lower >= rate.point / 2 && rate.lower > 0)
    return Confidence::kHigh;
  return rate.lower > 0 && (draft.confirmed || enough_blocks) ? Confidence::kMedium : Confidence::kLow;
}

void finish(Draft& draft, const Facts& facts, const Decline& decline) {
  Finding& finding = draft.finding;
  finding.title = title_of(finding);
  finding.confidence = confidence_of(draft);
  const bool takes_memory = finding.unit == model::Unit::kBytes && finding.state != State::kCache &&
                            finding.state != State::kInsufficient && finding.state != State::kClean;
  // Where something else was freed at the same time, what was lost is no measure.
  const double lost = static_cast<double>(decline.available_lost);
  constexpr double kLeastLoss = 4.0 * 1024 * 1024;
  if (takes_memory && lost >= std::max(kLeastLoss, draft.rise / 4)) {
    finding.share_of_decline = share_of(draft.rise, lost);
  }
  if (!draft.alarms() || !finding.rate) return;
  if (const auto headroom = headroom_of(draft, facts)) finding.eta = eta_of(*headroom, *finding.rate);
}

/// Leaks, then what grows, then what only looks like it; within these bytes by their share, with counts, which have
/// none, behind what takes much and before what takes little.
void put_in_order(Drafts& drafts) {
  const auto rank = [](const Draft& draft) {
    if (draft.finding.state == State::kLeak) return 0;
    return draft.finding.state == State::kGrowing ? 1 : 2;
  };
  const auto weight = [](const Draft& draft) {
    constexpr double kCountsWeight = 0.1;
    constexpr double kMuch = 16.0 * 1024 * 1024;
    if (draft.finding.unit != model::Unit::kBytes) return kCountsWeight;
    const double share = draft.finding.share_of_decline.value_or(draft.finding.state == State::kCache ? 0.0 : 0.5);
    return draft.rise >= kMuch ? std::max(share, 2 * kCountsWeight) : share;
  };
  std::ranges::sort(drafts, [&](const Draft& a, const Draft& b) {
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    if (weight(a) != weight(b)) return weight(a) > weight(b);
    if (a.rise != b.rise) return a.rise > b.rise;
    return std::tie(a.finding.id, a.subject) < std::tie(b.finding.id, b.subject);
  });
}

/// What looks like a leak and is not: the largest ten are enough.
void keep_the_largest_others(Drafts& drafts) {
  constexpr std::size_t kOthers = 10;
  constexpr int kUndecided = 3;
  int undecided = 0;
  std::erase_if(drafts, [&](const Draft& draft) {
    return draft.finding.state == State::kInsufficient && ++undecided > kUndecided;
  });
  const auto first_other = std::ranges::find_if_not(drafts, &Draft::alarms);
  const auto others = static_cast<std::size_t>(std::distance(first_other, drafts.end()));
  if (others > kOthers) drafts.erase(first_other + kOthers, drafts.end());
}

bool anything_was_judged(const Facts& facts) {
  return std::ranges::any_of(all_quantities(), [&](const QuantityInfo& quantity) {
    return std::ranges::any_of(facts.tests(quantity.quantity),
                               [](const Test& test) { return test.judgement.shape != Shape::kInsufficient; });
  });
}

std::optional<Nanoseconds> time_needed(const Facts& facts) {
  std::optional<Nanoseconds> needed;
  for (const QuantityInfo& quantity : all_quantities()) {
    for (const Test& test : facts.tests(quantity.quantity)) {
      if (test.judgement.needed && (!needed || *test.judgement.needed < *needed)) needed = test.judgement.needed;
    }
  }
  const Test* root = facts.test(Quantity::kAvailableLost);
  return root != nullptr && root->judgement.needed ? root->judgement.needed : needed;
}

Verdict verdict_of(const Drafts& drafts, const Facts& facts) {
  const auto has = [&](State state) {
    return std::ranges::any_of(drafts, [state](const Draft& draft) { return draft.finding.state == state; });
  };
  if (has(State::kLeak)) return Verdict::kLeak;
  if (has(State::kGrowing)) return Verdict::kSuspect;
  return anything_was_judged(facts) ? Verdict::kClean : Verdict::kInsufficient;
}

}  // namespace

Judged judge(const model::Observation& observation, const JudgeOptions& options) {
  const Facts facts(observation, options);
  Drafts drafts;
  for (const rules::Rule& rule : rules::all()) rule.apply(facts, drafts);

  Judged judged;
  judged.decline = decline_of(facts);
  for (Draft& draft : drafts) finish(draft, facts, judged.decline);
  put_in_order(drafts);
  keep_the_largest_others(drafts);

  judged.verdict = verdict_of(drafts, facts);
  if (observation.samples() > 0) judged.ledger = analysis::accounting::machine_ledger(observation);
  if (const Test* root = facts.test(Quantity::kAvailableLost)) judged.detectable_rate = root->judgement.detectable_rate;
  if (judged.verdict == Verdict::kInsufficient) judged.needed = time_needed(facts);
  judged.struggle = struggle_of(facts);
  judged.findings.reserve(drafts.size());
  for (Draft& draft : drafts) judged.findings.push_back(std::move(draft.finding));
  return judged;
}

}  // namespace leakscope::findings
