#include "findings/judge.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "analysis/accounting/ledger.h"
#include "findings/available.h"
#include "findings/catalog.h"
#include "findings/decline.h"
#include "findings/draft.h"
#include "findings/facts.h"
#include "findings/headroom.h"
#include "findings/rules/rules.h"
#include "findings/text.h"

namespace leakscope::findings {
namespace {

using analysis::trend::Shape;

/// high: another counter shows the same rise, at least 8 blocks, and the interval of the rate is tight (its lower bound
/// at least half of the middle); in rounds, which are an experiment, no other counter is asked. Caches, and what was
/// read and not tested, are certain too. medium: the rate is above zero for certain, and either of the two others
/// holds. Else low.
Confidence confidence_of(const Draft& draft) {
  if (draft.finding.state == State::kCache || draft.test == nullptr) return Confidence::kHigh;
  if (!draft.finding.rate && !draft.finding.per_round) return Confidence::kLow;
  const bool in_rounds = draft.finding.per_round.has_value();
  const Interval& rate = in_rounds ? *draft.finding.per_round : *draft.finding.rate;
  const bool enough_blocks = draft.test->judgement.blocks >= 8;
  if ((draft.confirmed || in_rounds) && !draft.attributed && enough_blocks && rate.lower >= rate.point / 2 &&
      rate.lower > 0)
    return Confidence::kHigh;
  return rate.lower > 0 && (draft.confirmed || enough_blocks) ? Confidence::kMedium : Confidence::kLow;
}

void finish(Draft& draft, const Facts& facts, const Decline& decline) {
  Finding& finding = draft.finding;
  finding.title = title_of(finding);
  finding.confidence = confidence_of(draft);
  const double bytes = (finding.unit == model::Unit::kBytes ? draft.rise : 0) + draft.absorbed;
  const bool takes_memory = bytes > 0 && finding.state != State::kCache && finding.state != State::kInsufficient &&
                            finding.state != State::kClean;
  // Where something else was freed at the same time, what was lost is no measure.
  const double lost = static_cast<double>(decline.available_lost);
  constexpr double kLeastLoss = 4.0 * 1024 * 1024;
  if (takes_memory && lost >= std::max(kLeastLoss, bytes / 4)) finding.share_of_decline = share_of(bytes, lost);
  if (!draft.alarms() || !finding.rate || facts.observation().times_assumed) return;
  if (const auto headroom = headroom_of(draft, facts)) finding.eta = eta_of(*headroom, *finding.rate);
}

/// Leaks, then what grows, then how urgent it is, then what only looks like it; within these bytes by their share, with
/// counts, which have none, behind what takes much and before what takes little.
void put_in_order(Drafts& drafts) {
  const auto rank = [](const Draft& draft) {
    if (draft.finding.state == State::kLeak) return 0;
    if (draft.finding.state == State::kGrowing) return 1;
    return draft.finding.id == "machine.struggle" ? 2 : 3;
  };
  const auto weight = [](const Draft& draft) {
    constexpr double kCountsWeight = 0.1;
    constexpr double kMuch = 16.0 * 1024 * 1024;
    if (draft.finding.unit != model::Unit::kBytes) {
      return std::max(draft.finding.share_of_decline.value_or(0), kCountsWeight);
    }
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
  // Logs of slab caches or of processes alone know no sum for the machine: what stands still in them is an answer.
  if (!facts.seen(Quantity::kAvailableLost) && facts.stood_still()) return true;
  return std::ranges::any_of(all_quantities(), [&](const QuantityInfo& quantity) {
    return std::ranges::any_of(facts.tests(quantity.quantity),
                               [](const Test& test) { return test.judgement.shape != Shape::kInsufficient; });
  });
}

std::int64_t rounded_up(double amount) {
  constexpr double kMost = 9e18;
  return static_cast<std::int64_t>(std::ceil(std::min(amount, kMost)));
}

/// Of the quantities that a load is mostly asked for: what would have been noticed.
std::vector<Detectable> detectable_in(const Facts& facts) {
  struct Asked {
    Quantity quantity;
    const char* of;
  };
  static constexpr auto kOfOne = std::to_array<Asked>({{Quantity::kProcessHeap, "its heap"},
                                                       {Quantity::kProcessAnon, "its anonymous memory"},
                                                       {Quantity::kProcessFds, "descriptors"},
                                                       {Quantity::kMessages, "System V messages"},
                                                       {Quantity::kSlabUnreclaimable, "unreclaimable slab"}});
  static constexpr auto kOfAll = std::to_array<Asked>({{Quantity::kSlabUnreclaimable, "unreclaimable slab"},
                                                       {Quantity::kAnonymous, "memory of all programs"},
                                                       {Quantity::kFiles, "open files"},
                                                       {Quantity::kMessages, "System V messages"}});
  const auto& only = facts.options().rounds->only;
  std::vector<Detectable> found;
  for (const Asked& asked : only ? std::span<const Asked>(kOfOne) : std::span<const Asked>(kOfAll)) {
    // With one process asked about, it is the only one of its kind that was tested.
    const auto tests = facts.tests(asked.quantity);
    if (tests.empty() || !tests.front().judgement.detectable_rate) continue;
    found.push_back({asked.of, info(asked.quantity).unit, rounded_up(*tests.front().judgement.detectable_rate)});
  }
  return found;
}

/// Why "clean" would be more than is known, though something was judged.
struct Doubt {
  std::string why;
  Nanoseconds needed{0};
};

/// A sum rises by enough to explain what the machine lost, and whether it goes on rising could not be told.
std::optional<Doubt> undecided_sum(const Facts& facts) {
  const Test* lost = facts.test(Quantity::kAvailableLost);
  if (lost == nullptr) return std::nullopt;
  for (const QuantityInfo& quantity : all_quantities()) {
    const Test* test = facts.test(quantity.quantity);
    if (quantity.parent || quantity.unit != model::Unit::kBytes || test == nullptr || test == lost || !test->throughout)
      continue;
    if (test->judgement.shape != Shape::kInsufficient || test->rise() < static_cast<double>(quantity.notable) ||
        2 * test->rise() < lost->rise())
      continue;
    const std::string_view what = quantity.meaning.substr(0, quantity.meaning.find(','));
    return Doubt{fmt::format("{} rose by {}, and whether it goes on cannot be told", what,
                             amount_text(quantity.unit, test->rise())),
                 test->judgement.needed.value_or(facts.length())};
  }
  return std::nullopt;
}

/// So noisy, or so coarsely rounded, that a loss which ends the machine within minutes would pass for noise. The noise
/// of what is lost stays as it is: what can be told falls with the length of the window to the power of 1.5.
std::optional<Doubt> drowned_in_noise(const Facts& facts) {
  constexpr double kSeconds = 600;
  const Test* lost = facts.test(Quantity::kAvailableLost);
  const auto available = facts.observation().last(model::Registry::machine_id(), available_metric(facts.observation()));
  if (lost == nullptr || !lost->judgement.detectable_rate || !available || *available <= 0) return std::nullopt;
  const double rate = *lost->judgement.detectable_rate;
  const double times = rate * kSeconds / static_cast<double>(*available);
  if (times <= 1) return std::nullopt;
  constexpr double kMost = 9e18;
  const double longer = std::clamp(std::pow(times, 2.0 / 3), 1.2, 100.0);
  const double needed = std::min(kMost, static_cast<double>(facts.length().count()) * longer);
  return Doubt{fmt::format("available memory goes up and down, and a loss of {}/min would not have shown",
                           amount_text(model::Unit::kBytes, 60 * rate)),
               Nanoseconds{static_cast<std::int64_t>(needed)}};
}

std::optional<Doubt> doubt_of(const Facts& facts) {
  if (facts.options().rounds) return std::nullopt;
  if (auto doubt = undecided_sum(facts)) return doubt;
  return drowned_in_noise(facts);
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

/// How many rounds would tell of everything whether the load loses it, or time; nothing when that is told.
std::optional<int> rounds_needed(const Drafts& drafts) {
  std::optional<int> needed;
  for (const Draft& draft : drafts) {
    if (draft.finding.state != State::kInsufficient || draft.test == nullptr) continue;
    if (const auto& rounds = draft.test->judgement.needed_rounds) needed = std::max(needed.value_or(0), *rounds);
  }
  return needed;
}

/// "it swaps: 10.0 MiB/s out, 0 B/s in (/proc/vmstat)": what the rule of that name told, as sentences.
std::vector<std::string> struggle_in(const Drafts& drafts) {
  const auto told = std::ranges::find(drafts, "machine.struggle", [](const Draft& draft) { return draft.finding.id; });
  std::vector<std::string> sentences;
  if (told == drafts.end()) return sentences;
  for (const Evidence& sign : told->finding.evidence)
    sentences.push_back(fmt::format("{} ({})", sign.text, sign.source));
  return sentences;
}

Verdict verdict_of(const Drafts& drafts, const Facts& facts) {
  const auto has = [&](State state) {
    return std::ranges::any_of(drafts, [state](const Draft& draft) { return draft.finding.state == state; });
  };
  if (has(State::kLeak)) return Verdict::kLeak;
  if (has(State::kGrowing)) return Verdict::kSuspect;
  // It rises with the rounds, and they were too few to tell whether it does so because of them.
  if (rounds_needed(drafts)) return Verdict::kInsufficient;
  // A part of the machine has no sum that would show what is still undecided.
  const bool undecided = has(State::kInsufficient) || facts.observation().hardly_read;
  if (!facts.seen(Quantity::kAvailableLost) && undecided) return Verdict::kInsufficient;
  // Parts of a history that lack the machine's own figures (ps behind meminfo) leave the rest of the window unwatched.
  const Test* root = facts.test(Quantity::kAvailableLost);
  if (!facts.options().rounds && root != nullptr && !root->throughout) return Verdict::kInsufficient;
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
  if (judged.verdict == Verdict::kInsufficient) judged.needed = time_needed(facts);
  if (auto doubt = judged.verdict == Verdict::kClean ? doubt_of(facts) : std::nullopt) {
    judged.verdict = Verdict::kInsufficient;
    judged.doubt = std::move(doubt->why);
    judged.needed = doubt->needed;
  }
  if (observation.samples() > 0) judged.ledger = analysis::accounting::machine_ledger(observation);
  if (options.rounds) {
    judged.rounds = options.rounds->done.size();
    judged.detectable = detectable_in(facts);
    if (judged.verdict == Verdict::kInsufficient) judged.rounds_needed = rounds_needed(drafts);
  } else if (const Test* root = facts.test(Quantity::kAvailableLost)) {
    judged.detectable_rate = root->judgement.detectable_rate;
  }
  judged.in_part = !options.rounds && !facts.seen(Quantity::kAvailableLost);
  judged.struggle = struggle_in(drafts);
  judged.findings.reserve(drafts.size());
  for (Draft& draft : drafts) judged.findings.push_back(std::move(draft.finding));
  return judged;
}

}  // namespace leakscope::findings
