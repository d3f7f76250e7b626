#include "findings/rounds.h"

#include <algorithm>
#include <chrono>

namespace leakscope::findings {
namespace {

using model::Metric;
using model::SubjectKind;

/// The level of the series at a time; before its first point, that.
std::int64_t level_at(const model::Series& series, BootTime time) {
  const auto after = std::ranges::upper_bound(series, time, {}, &model::Point::time);
  return after == series.begin() ? series.front().value : std::prev(after)->value;
}

double seconds(Nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

analysis::trend::Judgement judge_in_rounds(const model::Series& series, const Rounds& rounds, double quantum,
                                           bool is_shared, const analysis::trend::Options& options) {
  std::vector<std::int64_t> ends;
  std::vector<std::int64_t> rests;
  double all = 0;
  double resting = 0;
  for (const RoundTime& round : rounds.done) {
    ends.push_back(level_at(series, round.end));
    rests.push_back(ends.back() - level_at(series, round.rest));
    all += seconds(round.end - round.start);
    resting += seconds(round.end - round.rest);
  }
  auto judgement = analysis::trend::judge_rounds({.ends = ends,
                                                  .rests = rests,
                                                  .rest_share = all > 0 ? resting / all : 0,
                                                  .is_shared = is_shared,
                                                  .quantum = quantum},
                                                 options);
  judgement.covers_window = !rounds.done.empty() && !series.empty() && series.front().time <= rounds.done.front().end &&
                            series.back().time >= rounds.done.back().end;
  return judgement;
}

std::int64_t floor_in_rounds(const QuantityInfo& quantity) {
  if (quantity.unit != model::Unit::kBytes) return 0;
  switch (quantity.quantity) {
    // These rest on counters of the whole machine that others move too.
    case Quantity::kAvailableLost:
    case Quantity::kAnonymous:
    case Quantity::kResidual:
      return quantity.floor;
    case Quantity::kSlabActive:
    case Quantity::kProcessHeap:
    case Quantity::kShmUnattached:
    case Quantity::kShmSegment:
      return 0;
    case Quantity::kProcessAnon:
    case Quantity::kGroupAnon:
      return std::int64_t{16} << 10U;
    default:
      return std::min(quantity.floor, std::int64_t{64} << 10U);
  }
}

double quantum_in_rounds(const QuantityInfo& quantity, const model::Observation& observation, model::SubjectId subject,
                         const Rounds& rounds) {
  if (quantity.unit != model::Unit::kBytes) return 1;
  const auto page = static_cast<double>(observation.host.page_size.bytes);
  if (quantity.quantity == Quantity::kProcessHeap) return 16;
  if (quantity.quantity != Quantity::kSlabActive) return page;
  const auto size = static_cast<double>(observation.last(subject, Metric::kSlabObjectSize).value_or(1));
  if (rounds.slabs_are_exact) return size;
  // A slab on a CPU counts as full: objects in use move by whole slabs, of 8 pages at most as a rule.
  return std::max(size, 8 * page);
}

bool is_left_out(const QuantityInfo& quantity, const model::SubjectInfo& subject, const Rounds& rounds) {
  if (!rounds.only) return false;
  switch (quantity.quantity) {
    case Quantity::kAvailableLost:
    case Quantity::kAnonymous:
    case Quantity::kFiles:
    case Quantity::kTasks:
      return true;
    default:
      break;
  }
  const SubjectKind kind = subject.key.kind;
  if (kind == SubjectKind::kProcess) return subject.key.process != rounds.only;
  return kind == SubjectKind::kGroup || kind == SubjectKind::kCgroup || kind == SubjectKind::kUser;
}

}  // namespace leakscope::findings
