#include "analysis/difference/compare.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include <fmt/format.h>

namespace leakscope::analysis::difference {
namespace {

using model::LedgerClass;
using model::LedgerRow;
using model::Metric;
using model::SubjectKind;

constexpr std::int64_t kLargest = std::int64_t{1} << 56;
constexpr std::string_view kRest = "unattributed";
constexpr std::string_view kAnonymous = "user.anonymous";

std::int64_t sane(std::int64_t amount) { return std::clamp<std::int64_t>(amount, 0, kLargest); }

/// What a subject is matched by.
std::string identity(const Standing& standing, bool by_start) {
  const auto& process = standing.subject.key.process;
  if (!process) return standing.subject.key.name;
  if (by_start) return fmt::format("{} {}", process->pid.value, process->start.ticks);
  return fmt::format("{} {}", process->pid.value, standing.subject.key.name);
}

using Index = std::unordered_map<std::string, std::vector<const Standing*>>;

/// Those of one identity together: two mounts may have the same name.
Index index_of(const Picture::Kind& kind, bool by_start) {
  Index index;
  for (const Standing& standing : kind.standings) index[identity(standing, by_start)].push_back(&standing);
  return index;
}

std::optional<std::int64_t> sum_of(const std::vector<const Standing*>& standings, Metric metric) {
  std::optional<std::int64_t> sum;
  for (const Standing* standing : standings) {
    if (const auto value = standing->value(metric)) sum = sane(sum.value_or(0) + sane(*value));
  }
  return sum;
}

bool knows(const Picture::Kind& kind, Metric metric) {
  return std::ranges::any_of(kind.standings, [&](const Standing& s) { return s.values.contains(metric); });
}

/// The metrics of an aspect that can be compared: both sides have them, or one side has nobody of the kind at all.
std::vector<Metric> comparable(const Aspect& aspect, const Picture::Kind& before, const Picture::Kind& after) {
  std::vector<Metric> metrics;
  for (const Metric metric : aspect.amount) {
    const bool in_before = knows(before, metric) || before.standings.empty();
    const bool in_after = knows(after, metric) || after.standings.empty();
    if (in_before && in_after) metrics.push_back(metric);
  }
  return metrics;
}

class AspectComparer {
 public:
  AspectComparer(const Aspect& aspect, const Picture::Kind& before, const Picture::Kind& after, bool by_start)
      : before_(before),
        after_(after),
        metrics_(comparable(aspect, before, after)),
        by_start_(by_start),
        result_{&aspect, {}, 0} {}

  [[nodiscard]] AspectChanges run() {
    const Index before = index_of(before_, by_start_);
    const Index after = index_of(after_, by_start_);
    for (const auto& [key, standings] : before) {
      const auto found = after.find(key);
      add(standings, found == after.end() ? std::vector<const Standing*>{} : found->second);
    }
    for (const auto& [key, standings] : after) {
      if (!before.contains(key)) add({}, standings);
    }
    return std::move(result_);
  }

 private:
  void add(const std::vector<const Standing*>& before, const std::vector<const Standing*>& after) {
    const Standing& shown = after.empty() ? *before.front() : *after.front();
    Change change{shown.subject, shown.group, Presence::kBoth, 0, 0, {}, {}};
    bool known = false;
    for (const Metric metric : metrics_) {
      const auto was = sum_of(before, metric);
      const auto is = sum_of(after, metric);
      if ((!was && !before.empty()) || (!is && !after.empty())) continue;
      known = true;
      change.before = sane(change.before + was.value_or(0));
      change.after = sane(change.after + is.value_or(0));
    }
    if (!known) return;
    if (before.empty() || after.empty()) {
      const Listing other = before.empty() ? before_.listing : after_.listing;
      if (other == Listing::kLargest) {
        ++result_.not_compared;
        return;
      }
      // A list of those that hold something does not tell who is new.
      if (other == Listing::kAll) change.presence = before.empty() ? Presence::kNew : Presence::kGone;
    }
    for (const Companion& companion : result_.aspect->companions) {
      const auto was = sum_of(before, companion.metric);
      const auto is = sum_of(after, companion.metric);
      const bool one_side = before.empty() || after.empty();
      change.companions.push_back(
          (was && is) || (one_side && (was || is)) ? std::optional(is.value_or(0) - was.value_or(0)) : std::nullopt);
    }
    if (const auto flag = shown.value(Metric::kSlabReclaimable)) change.reclaimable = *flag != 0;
    result_.changes.push_back(std::move(change));
  }

  const Picture::Kind& before_;
  const Picture::Kind& after_;
  std::vector<Metric> metrics_;
  bool by_start_;
  AspectChanges result_;
};

void compare_ledgers(const model::Ledger& before, const model::Ledger& after, Difference& difference) {
  const auto put = [&](const LedgerRow& row) -> LedgerChange& {
    const auto found = std::ranges::find(difference.ledger, row.id, &LedgerChange::id);
    if (found != difference.ledger.end()) return *found;
    return difference.ledger.emplace_back(LedgerChange{row.id, row.klass, row.label, {}, {}});
  };
  for (const LedgerRow& row : before.rows) put(row).before = row.bytes.count();
  for (const LedgerRow& row : after.rows) put(row).after = row.bytes.count();
  if (!before.total || !after.total) return;
  difference.ledger.push_back(
      {std::string(kRest),
       {},
       difference.tells_anonymous() ? "pages that no counter shows" : "memory that this evidence does not tell apart",
       before.unattributed()->count(),
       after.unattributed()->count()});
  difference.total = LedgerChange{"total", {}, "managed memory", before.total->count(), after.total->count()};
}

bool wants_processes(Boots boots) { return boots != Boots::kDifferent; }

void compare_aspect(const Aspect& aspect, const Picture& before, const Picture& after, Difference& difference) {
  const bool of_processes = aspect.kind == SubjectKind::kProcess;
  if (of_processes && !wants_processes(difference.boots)) return;
  // What their processes show already.
  const bool counted_by_process = aspect.kind == SubjectKind::kGroup && aspect.weight == Weight::kCountable;
  if (counted_by_process && wants_processes(difference.boots)) return;
  const Picture::Kind& was = before.of(aspect.kind);
  const Picture::Kind& is = after.of(aspect.kind);
  if (was.listing == Listing::kUnknown || is.listing == Listing::kUnknown) return;
  const bool by_start = before.knows_process_starts && after.knows_process_starts;
  AspectChanges changes = AspectComparer(aspect, was, is, by_start).run();
  if (!changes.changes.empty()) difference.aspects.push_back(std::move(changes));
}

}  // namespace

std::string_view to_string(Presence presence) {
  switch (presence) {
    case Presence::kBoth:
      return "";
    case Presence::kNew:
      return "new";
    case Presence::kGone:
      return "gone";
  }
  return "";
}

Boots boots_of(const Picture& before, const Picture& after) {
  const model::Host& a = before.host;
  const model::Host& b = after.host;
  if (!a.boot_id.empty() && !b.boot_id.empty()) return a.boot_id == b.boot_id ? Boots::kSame : Boots::kDifferent;
  const auto differ = [](const std::string& x, const std::string& y) { return !x.empty() && !y.empty() && x != y; };
  if (differ(a.hostname, b.hostname) || differ(a.kernel_release, b.kernel_release)) return Boots::kDifferent;
  return Boots::kUnknown;
}

Difference compare(const Picture& before, const Picture& after) {
  Difference difference;
  difference.boots = boots_of(before, after);
  if (difference.boots == Boots::kSame && before.boot && after.boot) {
    difference.elapsed = *after.boot - *before.boot;
  } else if (before.wall && after.wall) {
    difference.elapsed = after.wall->since_epoch - before.wall->since_epoch;
  }
  if (before.ledger && after.ledger && !before.ledger->rows.empty() && !after.ledger->rows.empty()) {
    compare_ledgers(*before.ledger, *after.ledger, difference);
  }
  for (const Aspect& aspect : aspects()) compare_aspect(aspect, before, after, difference);
  for (const MachineFigure& figure : machine_figures()) {
    const auto was = before.machine.find(figure.metric);
    const auto is = after.machine.find(figure.metric);
    if (was == before.machine.end() || is == after.machine.end()) continue;
    difference.machine.push_back({figure, sane(was->second), sane(is->second)});
  }
  for (std::size_t i = 0; i < model::kSubjectKindCount; ++i) {
    const bool was = before.kinds[i].listing != Listing::kUnknown;
    const bool is = after.kinds[i].listing != Listing::kUnknown;
    if (was && !is) difference.only_before.push_back(static_cast<SubjectKind>(i));
    if (is && !was) difference.only_after.push_back(static_cast<SubjectKind>(i));
  }
  return difference;
}

std::optional<std::int64_t> Difference::rise_of(LedgerClass klass) const {
  std::optional<std::int64_t> sum;
  for (const LedgerChange& row : ledger) {
    if (row.klass == klass) sum = sum.value_or(0) + row.rise();
  }
  return sum;
}

bool Difference::tells_anonymous() const {
  const auto row = std::ranges::find(ledger, kAnonymous, &LedgerChange::id);
  return row != ledger.end() && row->before && row->after;
}

std::optional<std::int64_t> Difference::lost() const {
  if (ledger.empty()) return std::nullopt;
  std::int64_t sum = 0;
  for (const LedgerChange& row : ledger) {
    if (!row.klass || row.klass == LedgerClass::kUser || row.klass == LedgerClass::kKernel) sum += row.rise();
  }
  return sum;
}

std::int64_t default_floor(const Difference& difference) {
  constexpr std::int64_t kLeast = std::int64_t{1} << 20;
  if (!difference.total) return kLeast;
  return std::max(kLeast, difference.total->after.value_or(0) / 1000);
}

std::int64_t count_floor(std::int64_t before) { return std::max<std::int64_t>(16, before / 10); }

bool grew(const Aspect& aspect, const Change& change, std::int64_t floor) {
  if (change.presence != Presence::kBoth || aspect.weight == Weight::kTold) return false;
  // Whether a cache may be given back must be known before its rise counts; the ledger's sums count it anyway.
  if (aspect.kind == SubjectKind::kSlabCache && change.reclaimable.value_or(true)) return false;
  return change.rise() >= (aspect.unit() == model::Unit::kBytes ? floor : count_floor(change.before));
}

bool grew(const MachineChange& change, std::int64_t floor) {
  if (change.figure.weight == Weight::kTold) return false;
  const bool bytes = model::info(change.figure.metric).unit == model::Unit::kBytes;
  return change.rise() >= (bytes ? floor : count_floor(change.before));
}

bool anything_grew(const Difference& difference, std::int64_t floor) {
  if (difference.lost().value_or(std::numeric_limits<std::int64_t>::min()) >= floor) return true;
  for (const AspectChanges& aspect : difference.aspects) {
    for (const Change& change : aspect.changes) {
      if (grew(*aspect.aspect, change, floor)) return true;
    }
  }
  return std::ranges::any_of(difference.machine, [&](const MachineChange& change) { return grew(change, floor); });
}

}  // namespace leakscope::analysis::difference
