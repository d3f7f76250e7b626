#include "session/diff.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "analysis/difference/compare.h"
#include "session/diff_side.h"
#include "session/diff_tables.h"
#include "session/diff_text.h"

namespace leakscope::session {
namespace {

using analysis::difference::Difference;
using model::EventKind;

report::Comparison::Side shown(const DiffSide& side) {
  const model::Host& host = side.picture.host;
  return {side.place.text, side.picture.wall, host.hostname, host.kernel_release, host.boot_id};
}

/// Moments of one observation lie on one axis, whether or not its clock has dates.
std::optional<Nanoseconds> elapsed_between(const DiffSides& sides, const Difference& difference) {
  if (!sides.share_observation()) return difference.elapsed;
  if (sides.after.observation->times_assumed) return std::nullopt;
  return *sides.after.picture.boot - *sides.before.picture.boot;
}

/// What happened between the two, where one observation saw both. Who came and went is in the tables.
void copy_events(const DiffSides& sides, report::Document& document) {
  if (!sides.share_observation()) return;
  const model::Observation& observation = *sides.after.observation;
  for (const model::Event& event : observation.events) {
    const bool between = event.time.boot > *sides.before.picture.boot && event.time.boot <= *sides.after.picture.boot;
    const bool coming = event.kind == EventKind::kProcessStart || event.kind == EventKind::kProcessExit ||
                        event.kind == EventKind::kCgroupMade || event.kind == EventKind::kCgroupRemoved;
    if (!between || coming) continue;
    document.events.push_back(event);
    document.event_subjects.push_back(event.subject ? observation.info(*event.subject).key.name : std::string{});
  }
}

/// What both sides say once; what one of them says, with the side that it is said of.
void copy_coverage(const DiffSides& sides, report::Document& document) {
  document.coverage = sides.before.coverage;
  document.losses = sides.before.losses;
  if (sides.share_observation()) return;
  const auto say_of = [](std::vector<model::Coverage> entries, const std::vector<model::Coverage>& other,
                         std::string_view side) {
    for (model::Coverage& entry : entries) {
      const bool common = std::ranges::find(other, entry) != other.end();
      if (!common && !entry.why.empty()) entry.why = fmt::format("{}: {}", side, entry.why);
    }
    return entries;
  };
  document.coverage = say_of(sides.before.coverage, sides.after.coverage, "before");
  for (model::Coverage& entry : say_of(sides.after.coverage, sides.before.coverage, "after")) {
    if (std::ranges::find(document.coverage, entry) == document.coverage.end()) {
      document.coverage.push_back(std::move(entry));
    }
  }
  std::ranges::copy(sides.after.losses, std::back_inserter(document.losses));
}

}  // namespace

Result<report::Document> diff(const std::vector<std::string>& words, const DiffOptions& options) {
  const auto sides = read_sides(words, options.evidence);
  if (!sides) return std::unexpected(sides.error());
  Difference difference = analysis::difference::compare(sides->before.picture, sides->after.picture);
  difference.elapsed = elapsed_between(*sides, difference);
  const std::int64_t at_least =
      options.at_least ? options.at_least->count() : analysis::difference::default_floor(difference);

  report::Document document;
  document.command = "diff";
  report::Comparison comparison{shown(sides->before), shown(sides->after), difference.elapsed, Bytes(at_least), {}};
  if (!difference.empty()) comparison.grew = analysis::difference::anything_grew(difference, at_least);
  document.headline = headline_of(difference, at_least);
  document.details = notes_on(*sides, difference, comparison.grew.value_or(false));
  document.tables = tables_of(difference, at_least, options);
  document.comparison = std::move(comparison);
  copy_events(*sides, document);
  copy_coverage(*sides, document);
  return document;
}

}  // namespace leakscope::session
