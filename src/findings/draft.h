#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "findings/facts.h"
#include "findings/finding.h"

namespace leakscope::findings {

/// A finding in the making: what a rule tells, and the test that it rests on.
struct Draft {
  Finding finding;
  model::SubjectId subject;
  Quantity quantity{};
  double rise = 0;             ///< in the finding's unit
  double absorbed = 0;         ///< bytes of other subjects that come with it and have no finding of their own
  bool attributed = false;     ///< rests on its category's test: the subject did not pass by itself
  bool confirmed = false;      ///< a counter of another origin shows (most of) the same rise
  const Test* test = nullptr;  ///< nothing for what was not put to the test (page cache)

  [[nodiscard]] bool alarms() const { return finding.state == State::kLeak || finding.state == State::kGrowing; }
};
using Drafts = std::vector<Draft>;

/// The state of a test that rises, by DESIGN's words: leak needs 8 blocks over an hour and a known load.
[[nodiscard]] State state_of(const Test& test);
/// Worth a word although it is no leak: it rose by a notable amount and saturates, stepped, follows load or has not
/// been there all the time. What ended has given back.
[[nodiscard]] bool is_notable(const Test& test);

/// A draft with state, figures, events that explain a step, and the catalog's next steps.
[[nodiscard]] Draft draft_of(const Facts& facts, const Test& test, std::string_view id);

/// The subject that explains most of a category which grows although none of its subjects passes alone: the one with
/// the largest rise, when that is most of the category's and nothing else (a step, a saturation, the load, not being
/// there all the time) explains it. `counts`: leaves subjects out, by any reason of the caller.
[[nodiscard]] const Test* main_subject(const Facts& facts, Quantity subjects, const Test& category,
                                       const std::function<bool(const Test&)>& counts = {});
/// A draft about `subject` that rests on the test of its category. It replaces what was said of the subject alone,
/// which could only be that it was not seen long enough.
[[nodiscard]] Draft attributed_draft(const Facts& facts, Drafts& drafts, const Test& subject, const Test& category,
                                     std::string_view id);

/// Adds "LABEL 3.1 MiB -> 4.2 MiB" with the metric's file; nothing when the metric was not measured.
void add_evidence(Draft& draft, const Facts& facts, model::SubjectId subject, model::Metric metric,
                  std::string_view label);
void add_evidence(Draft& draft, std::string_view source, std::string text);
/// "rises in 10 of 11 blocks, falls in none": added with the file of the quantity.
void add_steadiness(Draft& draft);

/// What was told before: the first alarm of that id, and by how much all of them rose.
[[nodiscard]] Draft* alarm_of(Drafts& drafts, std::string_view id);
[[nodiscard]] double alarmed_rise(const Drafts& drafts, std::string_view id);

/// Part of `whole` that `part` explains, 0 to 1.
[[nodiscard]] double share_of(double part, double whole);
/// From here on something else explains a rise: most of it, with room for what is measured at another time.
inline constexpr double kMostOfIt = 0.7;
inline constexpr double kHalfOfIt = 0.5;

}  // namespace leakscope::findings
