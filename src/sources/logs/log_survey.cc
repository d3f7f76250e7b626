#include "sources/logs/log_survey.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/bytes.h"

namespace leakscope::sources::logs {
namespace {

using model::Metric;

// The first of them begin anew with the machine, and go on whatever the calendar is set to.
constexpr std::size_t kCounters = 7;
constexpr auto kWatched = std::to_array<Metric>(
    {Metric::kStatContextSwitches, Metric::kStatInterrupts, Metric::kStatForks, Metric::kStatCpuBusy,
     Metric::kVmstatPgfault, Metric::kVmstatPgpgin, Metric::kVmstatPgpgout,
     // Levels.
     Metric::kMeminfoMemFree, Metric::kMeminfoMemAvailable, Metric::kFreeAndCache, Metric::kMeminfoCached,
     Metric::kMeminfoAnonPages, Metric::kMeminfoShmem, Metric::kMeminfoSlab, Metric::kMeminfoSReclaimable,
     Metric::kMeminfoSUnreclaim, Metric::kMeminfoKernelStack, Metric::kMeminfoPageTables, Metric::kMeminfoVmallocUsed,
     Metric::kMeminfoPercpu});

constexpr std::size_t place_of(Metric metric) {
  return static_cast<std::size_t>(std::ranges::find(kWatched, metric) - kWatched.begin());
}

constexpr std::size_t kFewestChanges = 8;
constexpr std::uint32_t kIntervalsAfter = 5;
constexpr std::size_t kMostMachines = 16;
constexpr std::size_t kMostSuspects = 256;

double magnitude(std::int64_t value) { return std::abs(static_cast<double>(value)); }

}  // namespace

std::optional<MachineSize> machine_size_in(const model::Sample& sample) {
  const auto is_it = [](const auto& entry) {
    return entry.metric == Metric::kMeminfoMemTotal && entry.subject == model::Registry::machine_id();
  };
  const auto reading = std::ranges::find_if(sample.readings, is_it);
  if (reading == sample.readings.end() || reading->value <= 0) return std::nullopt;
  const auto rounding = std::ranges::find_if(sample.rounded, is_it);
  return MachineSize{reading->value, rounding == sample.rounded.end() ? 0 : rounding->half_step};
}

bool is_same_size(MachineSize a, MachineSize b) {
  constexpr double kShare = 0.03;
  const double apart = std::abs(static_cast<double>(a.bytes) - static_cast<double>(b.bytes));
  return apart <=
         kShare * static_cast<double>(std::max(a.bytes, b.bytes)) + magnitude(a.half_step) + magnitude(b.half_step);
}

void Pace::add(std::int64_t value) {
  if (last_change_) changes_[seen_++ % changes_.size()] = *last_change_;
  // What a hostile log says is negative: no quantity that is watched is.
  value = std::max<std::int64_t>(value, 0);
  last_change_ = last_ ? std::optional(value - *last_) : std::nullopt;
  last_ = value;
}

std::vector<std::int64_t> Pace::changes() const {
  return {changes_.begin(), changes_.begin() + static_cast<std::ptrdiff_t>(std::min(seen_, changes_.size()))};
}

void LogSurvey::note_step(const TimeAxis::Placed& placed, std::optional<Nanoseconds> usual, bool exactly) {
  if (placed.step == TimeAxis::Step::kNone || placed.step == TimeAxis::Step::kSame) {
    // One before a moment that nobody read counts for the next one that is.
    step_is_here_ = false;
    return;
  }
  step_ = placed.step;
  step_is_here_ = exactly;
  intervals_ =
      usual && usual->count() > 0 ? static_cast<double>(placed.jump.count()) / static_cast<double>(usual->count()) : 1;
}

void LogSurvey::follow_paces() {
  paces_.resize(kWatched.size());
  for (std::size_t i = 0; i < paces_.size(); ++i) {
    if (values_[i]) {
      paces_[i].add(*values_[i]);
    } else {
      paces_[i].drop_last_change();
    }
  }
}

/// What no cache holds and nothing could have: it stays where memory is taken from a machine, or given to it.
std::optional<std::int64_t> LogSurvey::used_of(MachineSize size) const {
  auto left = values_[place_of(Metric::kMeminfoMemAvailable)];
  if (!left) left = values_[place_of(Metric::kFreeAndCache)];
  return left && *left >= 0 ? std::optional(size.bytes - *left) : std::nullopt;
}

/// Whether counters show the same boot of the same machine on both sides.
LogSurvey::Counted LogSurvey::counted() const {
  constexpr double kFarMore = 20;
  Counted counted = Counted::kUnknown;
  for (std::size_t i = 0; i < kCounters; ++i) {
    const auto change = paces_[i].last_change();
    if (!change) continue;
    if (*change < 0) return Counted::kBroke;
    const auto before = paces_[i].changes();
    if (before.size() < 3) continue;
    const double most = std::max(1.0, magnitude(std::ranges::max(before)));
    if (static_cast<double>(*change) > kFarMore * most * std::max(1.0, intervals_)) return Counted::kBroke;
    counted = Counted::kWentOn;
  }
  return counted;
}

/// Whether the counters moved over a gap as in one interval and no more. Nothing: none is so even that it could tell.
std::optional<bool> LogSurvey::counters_stood() const {
  constexpr double kMargin = 1.25;
  constexpr double kTells = 4;
  std::optional<bool> stood;
  for (std::size_t i = 0; i < kCounters; ++i) {
    const auto change = paces_[i].last_change();
    auto before = paces_[i].changes();
    if (!change || before.size() < kFewestChanges) continue;
    if (*change < 0) return false;
    std::ranges::sort(before);
    const auto usual = static_cast<double>(before[before.size() / 2]);
    const double most = kMargin * static_cast<double>(before.back());
    if (usual <= 0 || most * kTells > usual * intervals_) continue;
    if (static_cast<double>(*change) > most) return false;
    stood = true;
  }
  return stood;
}

void LogSurvey::look_at_gap(std::uint64_t moment) {
  constexpr std::size_t kFewestQuantities = 3;
  if (const auto stood = counters_stood()) {
    if (*stood) clock_steps_.push_back(moment);
    return;
  }
  Suspect suspect{.moment = moment, .even = {}};
  for (std::size_t i = kCounters; i < paces_.size(); ++i) {
    const auto before = paces_[i].changes();
    const auto change = paces_[i].last_change();
    if (!change || before.size() < kFewestChanges) continue;
    const auto [least, most] = std::ranges::minmax(before);
    const bool one_way = least > 0 || most < 0;
    const double smaller = std::min(magnitude(least), magnitude(most));
    const double larger = std::max(magnitude(least), magnitude(most));
    if (!one_way || larger > 2 * smaller) continue;
    const double margin = larger / 4;
    const Suspect::Even even{i, static_cast<double>(least) - margin, static_cast<double>(most) + margin};
    if (!even.holds(*change)) return;
    suspect.even.push_back(even);
  }
  if (suspect.even.size() >= kFewestQuantities && suspects_.size() < kMostSuspects) {
    suspects_.push_back(std::move(suspect));
  }
}

void LogSurvey::follow_suspects() {
  for (Suspect& suspect : suspects_) {
    if (suspect.intervals_after >= kIntervalsAfter) continue;
    ++suspect.intervals_after;
    const bool alike = std::ranges::all_of(suspect.even, [&](const Suspect::Even& even) {
      const auto change = paces_[even.quantity].last_change();
      return change && even.holds(*change);
    });
    suspect.alike_after += alike ? 1 : 0;
  }
}

/// Times that fall back or leave a gap just where the memory changes, counters that begin anew, what is used changing
/// along with it: memory that is plugged in, or that a balloon takes, does nothing of it.
bool LogSurvey::shows_another(MachineSize before, MachineSize now, std::optional<std::int64_t> used) const {
  const Counted counters = counted();
  if (counters != Counted::kUnknown) return counters == Counted::kBroke;
  if (step_ == TimeAxis::Step::kBack || step_ == TimeAxis::Step::kGap) return true;
  const double total_jump = magnitude(before.bytes - now.bytes);
  return used_ && used && 3 * std::abs(static_cast<double>(*used) - static_cast<double>(*used_)) > total_jump;
}

void LogSurvey::follow_machine(std::optional<MachineSize> size, std::uint64_t moment) {
  if (!size) return;
  const auto found =
      std::ranges::find_if(machines_, [&](const Machine& machine) { return is_same_size(machine.size, *size); });
  const auto at = static_cast<std::size_t>(found - machines_.begin());
  const bool is_known = found != machines_.end();
  if (!is_known && machines_.size() == kMostMachines) return;
  if (!is_known) machines_.push_back({.size = *size});
  ++machines_[at].samples;
  machines_[at].last_moment = moment;
  const auto used = used_of(*size);
  // A machine that boots anew may have been given other memory.
  if (current_ && *current_ != at && step_ != TimeAxis::Step::kReboot) {
    constexpr std::uint32_t kReturns = 2;
    const MachineSize before = machines_[*current_].size;
    const bool went_on = counted() == Counted::kWentOn;
    if (is_known && !went_on) ++returns_;
    is_mixed_ = is_mixed_ || shows_another(before, *size, used) || returns_ >= kReturns;
    if (!went_on) changed_ = {before, *size};
  }
  current_ = at;
  used_ = used;
}

void LogSurvey::add(const model::Sample& sample, std::uint64_t moment) {
  values_.assign(kWatched.size(), std::nullopt);
  for (const model::Reading& reading : sample.readings) {
    if (reading.subject != model::Registry::machine_id()) continue;
    if (const std::size_t place = place_of(reading.metric); place < values_.size()) values_[place] = reading.value;
  }
  follow_paces();
  follow_suspects();
  follow_machine(machine_size_in(sample), moment);
  if (step_ == TimeAxis::Step::kGap && step_is_here_) look_at_gap(moment);
  if (step_ != TimeAxis::Step::kNone) {
    // What it moved by over a break is none of the usual changes.
    for (Pace& pace : paces_) pace.drop_last_change();
  }
  step_ = TimeAxis::Step::kNone;
  step_is_here_ = false;
  intervals_ = 1;
}

LogPlan LogSurvey::plan() const {
  LogPlan plan;
  if (is_mixed_) {
    // Of several machines no pace is known that would tell a clock from a gap.
    const Machine* most = &machines_.front();
    for (const Machine& machine : machines_) {
      if (machine.samples > most->samples ||
          (machine.samples == most->samples && machine.last_moment > most->last_moment)) {
        most = &machine;
      }
    }
    plan.only = most->size;
    return plan;
  }
  plan.clock_steps = clock_steps_;
  for (const Suspect& suspect : suspects_) {
    if (suspect.intervals_after == kIntervalsAfter && suspect.alike_after + 1 >= kIntervalsAfter) {
      plan.clock_steps.push_back(suspect.moment);
    }
  }
  std::ranges::sort(plan.clock_steps);
  return plan;
}

std::optional<std::string> LogSurvey::change_of_memory() const {
  if (is_mixed_ || !changed_) return std::nullopt;
  return fmt::format(
      "the machine's memory changed from {} to {}, and was taken for that of one machine: if these are two, judge each "
      "alone",
      to_human(Bytes{changed_->first.bytes}), to_human(Bytes{changed_->second.bytes}));
}

}  // namespace leakscope::sources::logs
