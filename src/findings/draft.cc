#include "findings/draft.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "findings/catalog.h"
#include "findings/text.h"

namespace leakscope::findings {
namespace {

using analysis::trend::Shape;

std::optional<Pattern> pattern_of(analysis::trend::Pattern pattern) {
  switch (pattern) {
    case analysis::trend::Pattern::kSteady:
      return Pattern::kSteady;
    case analysis::trend::Pattern::kSporadic:
      return Pattern::kSporadic;
    case analysis::trend::Pattern::kOneShot:
      return Pattern::kOneShot;
    case analysis::trend::Pattern::kUnknown:
      return std::nullopt;
  }
  return std::nullopt;
}

std::int64_t whole(double amount) {
  constexpr double kLimit = 9.0e18;
  return static_cast<std::int64_t>(std::llround(std::clamp(amount, -kLimit, kLimit)));
}

Interval interval_of(const analysis::trend::Rate& rate) { return {rate.lower, rate.point, rate.upper}; }

/// The interval that the test gave: per round of a load, or per second.
std::optional<Interval>& pace_of(Draft& draft) {
  const bool in_rounds = draft.test->judgement.basis == analysis::trend::Basis::kRounds;
  return in_rounds ? draft.finding.per_round : draft.finding.rate;
}

void add_events(Draft& draft, const Facts& facts, const Test& test) {
  if (!test.judgement.step_at) return;
  // A slow source sees the step up to a period late.
  const Nanoseconds span = test.series->back().time - test.series->front().time;
  const Nanoseconds period = span / static_cast<std::int64_t>(std::max<std::size_t>(test.series->size() - 1, 1));
  const Nanoseconds near =
      std::max({Nanoseconds(std::chrono::seconds(2)), facts.length() / 20, std::min(period, facts.length() / 4) * 2});
  int told = 0;
  for (const model::Event& event : facts.observation().events) {
    const Nanoseconds apart = event.time.boot - *test.judgement.step_at;
    if (apart > near || apart < -near || told == 3) continue;
    ++told;
    add_evidence(
        draft, "events",
        fmt::format("{} at the step{}{}", model::to_string(event.kind), event.text.empty() ? "" : ": ", event.text));
  }
}

}  // namespace

State state_of(const Test& test) {
  switch (test.judgement.shape) {
    case Shape::kGrowing: {
      if (!test.throughout) return State::kInsufficient;
      if (!test.grows()) return State::kClean;
      if (test.judgement.basis == analysis::trend::Basis::kRounds) return State::kLeak;
      const int blocks = test.judgement.blocks;
      const bool long_enough =
          blocks >= 8 && test.judgement.block_length >= Nanoseconds(std::chrono::hours(1)) / blocks;
      return long_enough && test.load_known && test.times_known ? State::kLeak : State::kGrowing;
    }
    case Shape::kSaturating:
      return State::kSaturating;
    case Shape::kStep:
      return State::kStep;
    case Shape::kFollowsLoad:
      return State::kFollowsLoad;
    case Shape::kFlat:
      return State::kClean;
    case Shape::kInsufficient:
      return State::kInsufficient;
  }
  return State::kInsufficient;
}

bool is_notable(const Test& test) {
  const State state = state_of(test);
  const bool in_rounds = test.judgement.basis == analysis::trend::Basis::kRounds;
  // In rounds a growth that is not the load's is always told: somebody else's leak.
  if (in_rounds && state == State::kFollowsLoad && !test.ended && test.rise() > 0) return true;
  const double notable = static_cast<double>(info(test.quantity).notable) / (in_rounds ? 16 : 1);
  if (test.grows() || test.ended || test.rise() < notable) return false;
  return state != State::kClean && state != State::kLeak && state != State::kGrowing;
}

Draft draft_of(const Facts& facts, const Test& test, std::string_view id) {
  const CatalogEntry& entry = catalog_entry(id);
  const QuantityInfo& quantity = info(test.quantity);
  Draft draft{.finding = {}, .subject = test.subject, .quantity = test.quantity, .rise = test.rise(), .test = &test};
  Finding& finding = draft.finding;
  finding.id = entry.id;
  finding.state = state_of(test);
  finding.domain = entry.domain;
  finding.subject = facts.observation().info(test.subject);
  finding.metric = quantity.metric;
  finding.unit = quantity.unit;
  finding.amount = whole(test.rise());
  finding.level = test.series->back().value;
  if (test.judgement.rate) pace_of(draft) = interval_of(*test.judgement.rate);
  finding.p_value = test.judgement.p_value;
  finding.q_value = test.q_value;
  finding.pattern = pattern_of(test.judgement.pattern);
  finding.detectable_rate = test.judgement.detectable_rate;
  finding.needed = test.judgement.needed;
  if (finding.state == State::kInsufficient && !finding.needed) finding.needed = facts.length();
  finding.next = next_steps(entry, finding.subject);
  if (!test.throughout) {
    add_evidence(draft, "/proc", "was not there from the start to the end of the window: watch again");
  }
  if (test.judgement.shape == Shape::kFollowsLoad && !test.judgement.load.empty()) {
    add_evidence(draft, model::info(quantity.metric).source, "goes along with " + test.judgement.load);
  }
  if (const auto& rounds = test.judgement.needed_rounds; rounds && finding.state == State::kInsufficient) {
    add_evidence(draft, "rounds",
                 fmt::format("{} rounds would tell whether it rises by the load or by itself", *rounds));
    finding.needed.reset();
  }
  if (test.judgement.warm_up > 0) {
    add_evidence(draft, "rounds",
                 fmt::format("the first {} rounds are a warm-up and do not count", test.judgement.warm_up + 1));
  }
  add_events(draft, facts, test);
  return draft;
}

const Test* main_subject(const Facts& facts, Quantity subjects, const Test& category,
                         const std::function<bool(const Test&)>& counts) {
  const Test* main = nullptr;
  for (const Test& test : facts.tests(subjects)) {
    const bool explained = test.judgement.shape == Shape::kStep || test.judgement.shape == Shape::kSaturating ||
                           test.judgement.shape == Shape::kFollowsLoad;
    if (!test.throughout || explained || (counts && !counts(test))) continue;
    if (main == nullptr || test.rise() > main->rise()) main = &test;
  }
  return main != nullptr && share_of(main->rise(), category.rise()) >= kMostOfIt ? main : nullptr;
}

Draft attributed_draft(const Facts& facts, Drafts& drafts, const Test& subject, const Test& category,
                       std::string_view id) {
  std::erase_if(drafts, [&](const Draft& other) {
    return other.finding.id == id && other.subject == subject.subject && other.finding.state == State::kInsufficient;
  });
  Draft draft = draft_of(facts, subject, id);
  draft.attributed = true;
  draft.finding.state = state_of(category);
  draft.finding.p_value = category.judgement.p_value;
  draft.finding.q_value = category.q_value;
  draft.finding.needed.reset();
  // Where the subject's own series was too short for a rate, the category's is the next best.
  if (!pace_of(draft) && category.judgement.rate) pace_of(draft) = interval_of(*category.judgement.rate);
  const QuantityInfo& parent = info(category.quantity);
  add_evidence(draft, model::info(parent.metric).source,
               fmt::format("{} {}, of which it explains {:.0f} %", parent.meaning,
                           rise_text(parent.unit, category.rise()), 100 * share_of(subject.rise(), category.rise())));
  return draft;
}

void add_evidence(Draft& draft, const Facts& facts, model::SubjectId subject, model::Metric metric,
                  std::string_view label) {
  const auto edges = facts.edges(subject, metric);
  if (!edges) return;
  const model::MetricInfo& known = model::info(metric);
  add_evidence(draft, known.source,
               fmt::format("{} {} ({})", label, change_text(known.unit, edges->start, edges->end),
                           rise_text(known.unit, edges->rise())));
}

void add_evidence(Draft& draft, std::string_view source, std::string text) {
  draft.finding.evidence.push_back({std::string(source), std::move(text)});
}

void add_steadiness(Draft& draft) {
  if (draft.test == nullptr || draft.test->judgement.blocks < 2) return;
  const int steps = draft.test->judgement.blocks - 1;
  const auto of_steps = [steps](double share) { return static_cast<int>(std::lround(share * steps)); };
  const int falls = of_steps(draft.test->judgement.falling_share);
  add_evidence(
      draft, model::info(draft.finding.metric).source,
      fmt::format("rises in {} of {} steps between {}, falls in {}", of_steps(draft.test->judgement.rising_share),
                  steps, draft.finding.per_round ? "rounds" : "blocks",
                  falls == 0 ? std::string("none") : fmt::format("{}", falls)));
}

Draft* alarm_of(Drafts& drafts, std::string_view id) {
  const auto found =
      std::ranges::find_if(drafts, [&](const Draft& draft) { return draft.finding.id == id && draft.alarms(); });
  return found == drafts.end() ? nullptr : &*found;
}

double alarmed_rise(const Drafts& drafts, std::string_view id) {
  double sum = 0;
  for (const Draft& draft : drafts) {
    if (draft.finding.id == id && draft.alarms()) sum += draft.rise;
  }
  return sum;
}

double share_of(double part, double whole_amount) {
  if (whole_amount <= 0 || part <= 0) return 0;
  return std::min(1.0, part / whole_amount);
}

}  // namespace leakscope::findings
