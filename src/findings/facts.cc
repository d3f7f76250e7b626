#include "findings/facts.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>

#include "analysis/accounting/accounts.h"
#include "analysis/stats/multiplicity.h"
#include "findings/available.h"
#include "findings/families.h"

namespace leakscope::findings {
namespace {

using analysis::stats::benjamini_hochberg;
using analysis::trend::Options;
using analysis::trend::Shape;
using model::Metric;
using model::Observation;
using model::Registry;
using model::Series;
using model::SubjectId;

bool has_points(const Series* series) { return series != nullptr && !series->empty(); }

const Series* first_of(const Observation& observation, std::initializer_list<Metric> metrics) {
  for (const Metric metric : metrics) {
    const Series* series = observation.find(metric);
    if (has_points(series) && std::ranges::any_of(*series, [](const auto& point) { return point.value != 0; })) {
      return series;
    }
  }
  return nullptr;
}

/// Memory that cannot be had any more, swap included: on a machine that swaps, available memory stays at its floor
/// while swap fills.
Series available_lost(const Observation& observation, const Series* own) {
  return sum_of({{observation.find(available_metric(observation)), -1},
                 {observation.find(Metric::kMeminfoSwapFree), -1},
                 {observation.find(Metric::kToolSwapUsed), 1},
                 {own, -1}});
}

Series anonymous_with_swap(const Observation& observation, const Series* own) {
  const Series* anon = first_of(observation, {Metric::kVmstatAnonPages, Metric::kMeminfoAnonPages});
  return sum_of({{anon, 1},
                 {observation.find(Metric::kMeminfoSwapTotal), 1},
                 {observation.find(Metric::kMeminfoSwapFree), -1},
                 {own, -1}});
}

/// At its limit a cgroup stays there while swap fills.
Series cgroup_memory(const Observation& observation, SubjectId cgroup) {
  return sum_of({{observation.find(cgroup, Metric::kCgroupCurrent), 1},
                 {observation.find(cgroup, Metric::kCgroupSwapCurrent), 1},
                 {observation.find(cgroup, Metric::kCgroupInactiveFile), -1},
                 {observation.find(cgroup, Metric::kCgroupActiveFile), -1},
                 {observation.find(cgroup, Metric::kCgroupSlabReclaimable), -1}});
}

Series active_bytes(const Observation& observation, SubjectId cache) {
  const auto size = observation.last(cache, Metric::kSlabObjectSize);
  const Series* active = observation.find(cache, Metric::kSlabActiveObjects);
  if (!size || !has_points(active)) return {};
  Series bytes = *active;
  for (auto& point : bytes) {
    point.value =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(point.value) * static_cast<std::uint64_t>(*size));
  }
  return bytes;
}

/// Both ends of the line may be off by half a step.
void widen_for_rounding(Test& test) {
  if (test.half_step <= 0 || !test.judgement.rate) return;
  const double seconds = std::chrono::duration<double>(test.series->back().time - test.series->front().time).count();
  if (seconds <= 0) return;
  test.judgement.rate->lower -= 2 * test.half_step / seconds;
  test.judgement.rate->upper += 2 * test.half_step / seconds;
}

constexpr std::int64_t kFilesAreIn = 4;  // times the quantity's floor

}  // namespace

std::optional<BootTime> start_of(const ProcessId& process) {
  if (!process.start.known()) return std::nullopt;
  constexpr std::uint64_t kTwentyYears = std::uint64_t{20} * 365 * 86400 * 100;
  return BootTime{std::chrono::milliseconds(10) *
                  static_cast<std::int64_t>(std::min(process.start.ticks, kTwentyYears))};
}

Facts::Facts(const Observation& observation, const JudgeOptions& options)
    : observation_(observation), options_(options) {
  find_observers();
  for (const auto& [metric, name] :
       std::initializer_list<std::pair<Metric, const char*>>{{Metric::kStatContextSwitches, "context switches"},
                                                             {Metric::kStatForks, "forks"},
                                                             {Metric::kNetBytes, "network bytes"},
                                                             {Metric::kDiskBytes, "disk bytes"},
                                                             {Metric::kSockSocketsUsed, "sockets"}}) {
    const Series* series = observation_.find(metric);
    const bool is_counter = model::info(metric).kind == model::MetricKind::kCounter;
    if (has_points(series)) machine_load_.push_back({name, series, is_counter});
  }
  for (const QuantityInfo& quantity : all_quantities()) {
    collect(quantity);
    put_to_the_test(quantity);
  }
}

void Facts::find_observers() {
  for (const ProcessId& observer : observation_.observers) {
    const auto process = observation_.registry().find({model::SubjectKind::kProcess, "", observer});
    if (!process) continue;
    observers_.push_back(*process);
  }
  const std::vector<SubjectId> processes = observation_.subjects_with(Metric::kProcessRssAnon);
  for (std::size_t i = 0, count = observers_.size(); i < count; ++i) {
    const auto group = observation_.info(observers_[i]).parent;
    const bool nothing_else = group && std::ranges::none_of(processes, [&](SubjectId other) {
                                return observation_.info(other).parent == group && !is_observer(other);
                              });
    if (nothing_else && !is_observer(*group)) observers_.push_back(*group);
  }
}

/// In rounds, where small amounts count, what this program itself takes is no loss of the machine.
const Series* Facts::own_anon() const {
  if (!options_.rounds || observers_.empty()) return nullptr;
  return observation_.find(observers_.front(), Metric::kProcessRssAnon);
}

void Facts::collect(const QuantityInfo& quantity) {
  switch (quantity.quantity) {
    case Quantity::kMessages:
      if (!options_.rounds) return;  // by time the objects of the slab cache tell it
      return collect_subjects(quantity);
    case Quantity::kAvailableLost:
      return add_derived(quantity, Registry::machine_id(), available_lost(observation_, own_anon()));
    case Quantity::kAnonymous:
      return add_derived(quantity, Registry::machine_id(), anonymous_with_swap(observation_, own_anon()));
    case Quantity::kLargeKmalloc:
      return add_derived(quantity, Registry::machine_id(), analysis::accounting::large_kmalloc_series(observation_));
    case Quantity::kResidual:
      return add_derived(quantity, Registry::machine_id(), analysis::accounting::residual_series(observation_));
    case Quantity::kSockets:
      return add_derived(quantity, Registry::machine_id(),
                         sum_of({{observation_.find(Metric::kSockTcpMem), 1},
                                 {observation_.find(Metric::kSockUdpMem), 1},
                                 {observation_.find(Metric::kSockFragMem), 1}}));
    case Quantity::kShmem:
      return add_first_of(quantity, {Metric::kVmstatShmem, Metric::kMeminfoShmem});
    case Quantity::kSlabUnreclaimable:
      return add_first_of(quantity, {Metric::kVmstatSlabUnreclaimable, Metric::kMeminfoSUnreclaim});
    case Quantity::kSlabReclaimable:
      return add_first_of(quantity, {Metric::kVmstatSlabReclaimable, Metric::kMeminfoSReclaimable});
    case Quantity::kVmalloc:
      return add_first_of(quantity, {Metric::kVmstatVmalloc, Metric::kMeminfoVmallocUsed, Metric::kVmallocTotalPages});
    case Quantity::kStacks:
      return add_first_of(quantity, {Metric::kVmstatKernelStack, Metric::kMeminfoKernelStack});
    case Quantity::kPageTables:
      return add_first_of(quantity, {Metric::kVmstatPageTables, Metric::kMeminfoPageTables});
    default:
      return collect_subjects(quantity);
  }
}

void Facts::collect_subjects(const QuantityInfo& quantity) {
  for (const SubjectId subject : observation_.subjects_with(quantity.metric)) {
    const Series* main = observation_.find(subject, quantity.metric);
    switch (quantity.quantity) {
      case Quantity::kProcessAnon:
        add_derived(quantity, subject, sum_of({{main, 1}, {observation_.find(subject, Metric::kProcessSwap), 1}}));
        break;
      case Quantity::kGroupAnon:
        add_derived(quantity, subject, sum_of({{main, 1}, {observation_.find(subject, Metric::kGroupSwap), 1}}));
        break;
      case Quantity::kSlabActive:
        add_derived(quantity, subject, active_bytes(observation_, subject));
        break;
      case Quantity::kCgroupMemory:
        if (has_points(observation_.find(subject, Metric::kCgroupMax))) {
          add_derived(quantity, subject, cgroup_memory(observation_, subject));
        }
        break;
      case Quantity::kCgroupPids:
        if (has_points(observation_.find(subject, Metric::kCgroupPidsMax))) add_test(quantity, subject, main);
        break;
      default:
        add_test(quantity, subject, main);
    }
  }
  if (quantity.quantity == Quantity::kProcessAnon) add_whole_residents(quantity, Metric::kProcessRss);
  if (quantity.quantity == Quantity::kGroupAnon) add_whole_residents(quantity, Metric::kGroupRss);
}

/// Subjects of which a log tells resident memory as one figure: growth of files and shared memory is in it, and what a
/// program touches of its files while it warms up is no leak.
void Facts::add_whole_residents(const QuantityInfo& quantity, Metric whole) {
  for (const SubjectId subject : observation_.subjects_with(whole)) {
    if (has_points(observation_.find(subject, quantity.metric))) continue;
    add_test(quantity, subject, observation_.find(subject, whole), kFilesAreIn);
  }
}

void Facts::add_first_of(const QuantityInfo& quantity, std::initializer_list<Metric> metrics) {
  if (const Series* series = first_of(observation_, metrics)) add_test(quantity, Registry::machine_id(), series);
}

void Facts::add_derived(const QuantityInfo& quantity, SubjectId subject, Series series) {
  if (series.empty()) return;
  derived_.push_back(std::move(series));
  const std::size_t before = tests_[static_cast<std::size_t>(quantity.quantity)].size();
  add_test(quantity, subject, &derived_.back());
  if (tests_[static_cast<std::size_t>(quantity.quantity)].size() == before) derived_.pop_back();
}

void Facts::add_test(const QuantityInfo& quantity, SubjectId subject, const Series* series, std::int64_t floors) {
  const auto index = static_cast<std::size_t>(quantity.quantity);
  seen_[index] = true;
  if (series->size() < 2 || is_observer(subject)) return;
  if (options_.rounds && is_left_out(quantity, observation_.info(subject), *options_.rounds)) return;
  const auto [low, high] = std::ranges::minmax_element(*series, {}, &model::Point::value);
  const double range = static_cast<double>(high->value) - static_cast<double>(low->value);
  // In rounds also what did not move is judged: a clean verdict says what it would have noticed.
  const std::int64_t floor = floors * quantity.floor;
  if (!options_.rounds && floor > 0 && range < static_cast<double>(floor)) {
    constexpr std::size_t kPointsThatTell = 20;
    stood_still_ = stood_still_ || series->size() >= kPointsThatTell;
    return;
  }
  tests_[index].push_back({.quantity = quantity.quantity,
                           .subject = subject,
                           .series = series,
                           .judgement = {},
                           .edges = edges_of(*series),
                           .moved = range > 0,
                           .times_known = !observation_.times_assumed,
                           .floor = floor,
                           .half_step = half_step_of(quantity.quantity, subject)});
}

/// Of a sum: that of all its parts. Logs that round know few of the others.
double Facts::half_step_of(Quantity quantity, SubjectId subject) const {
  const auto of = [&](Metric metric) { return static_cast<double>(observation_.half_step(subject, metric)); };
  switch (quantity) {
    case Quantity::kAvailableLost:
      return of(available_metric(observation_)) + of(Metric::kMeminfoSwapFree);
    case Quantity::kAnonymous:
      return of(Metric::kMeminfoAnonPages) + of(Metric::kMeminfoSwapTotal) + of(Metric::kMeminfoSwapFree);
    case Quantity::kProcessAnon:
      return std::max(of(Metric::kProcessRssAnon), of(Metric::kProcessRss));
    default:
      return of(info(quantity).metric);
  }
}

void Facts::add_covariates(Options& options, Quantity quantity, SubjectId subject) const {
  options.covariates = machine_load_;
  if (quantity == Quantity::kProcessFds || quantity == Quantity::kGroupFds) {
    // A leaked socket counts there too, and would excuse itself.
    const Series* sockets = observation_.find(Metric::kSockSocketsUsed);
    std::erase_if(options.covariates, [&](const auto& covariate) { return covariate.series == sockets; });
  }
  const auto own = [&](Metric metric) {
    const Series* series = observation_.find(subject, metric);
    if (has_points(series)) options.covariates.push_back({"its CPU time", series, true});
  };
  switch (quantity) {
    case Quantity::kProcessAnon:
    case Quantity::kProcessPageTables:
    case Quantity::kProcessShmem:
    case Quantity::kProcessFds:
    case Quantity::kProcessThreads: {
      const model::SubjectInfo known = observation_.info(subject);
      if (known.key.process) options.subject_start = start_of(*known.key.process);
      return own(Metric::kProcessCpuTime);
    }
    case Quantity::kGroupAnon:
    case Quantity::kGroupFds:
    case Quantity::kGroupThreads:
      return own(Metric::kGroupCpuTime);
    default:
      return;
  }
}

bool Facts::is_observer(SubjectId subject) const { return std::ranges::find(observers_, subject) != observers_.end(); }

/// A source that is slow, or began late, gives its first point late although the subject was there: processes are asked
/// for their start, and of other slow series two and a half periods are granted.
bool Facts::was_there_all_the_time(const Test& test, std::optional<BootTime> subject_start) const {
  if (test.judgement.covers_window) return true;
  const BootTime from = observation_.start()->boot;
  const BootTime to = observation_.end()->boot;
  if (subject_start && *subject_start > from) return false;
  // The members of a group are counted at the fast pace.
  const Series* members = observation_.find(test.subject, Metric::kGroupMembers);
  if (has_points(members) && members->front().time - from > observation_.length() / 10) return false;
  const Series& series = *test.series;
  const Nanoseconds span = series.back().time - series.front().time;
  const Nanoseconds period = span / static_cast<std::int64_t>(std::max<std::size_t>(series.size() - 1, 1));
  const Nanoseconds grace = period > observation_.length() / 10 ? observation_.length() / 4 : period * 5 / 2;
  return series.front().time - from <= grace && to - series.back().time <= grace;
}

void Facts::judge_one(const QuantityInfo& quantity, Test& test, Options& options) const {
  test.ended = observation_.registry().info(test.subject).retired;
  if (options_.rounds) {
    options.absolute_floor = floor_in_rounds(quantity);
    const double quantum = quantum_in_rounds(quantity, observation_, test.subject, *options_.rounds);
    const bool is_shared =
        !options_.rounds->only || observation_.info(test.subject).key.process != options_.rounds->only;
    test.judgement = judge_in_rounds(*test.series, *options_.rounds, quantum, is_shared, options);
    test.throughout = !test.ended && test.judgement.covers_window;
    test.load_known = true;
    return;
  }
  add_covariates(options, quantity.quantity, test.subject);
  test.load_known = !options.covariates.empty();
  test.judgement = analysis::trend::judge(*test.series, options);
  widen_for_rounding(test);
  test.throughout = !test.ended && was_there_all_the_time(test, options.subject_start);
}

void Facts::put_to_the_test(const QuantityInfo& quantity) {
  const auto index = static_cast<std::size_t>(quantity.quantity);
  double share = kFamilyShare;
  if (quantity.parent && std::ranges::none_of(tests(*quantity.parent), &Test::gate_open))
    share *= kUnderUnrejectedParent;

  std::vector<Test*> family;
  std::vector<double> p_values;
  std::vector<double> gate_p_values;
  for (Test& test : tests_[index]) {
    Options options;
    options.alpha = options_.alpha;
    // What stands on steps has risen when it climbed two of them.
    constexpr double kHalfSteps = 4;
    options.absolute_floor = std::max(test.floor, static_cast<std::int64_t>(kHalfSteps * test.half_step));
    if (observation_.start()) options.window_start = observation_.start()->boot;
    if (observation_.end()) options.window_end = observation_.end()->boot;
    judge_one(quantity, test, options);
    if (!test.throughout || !test.moved) continue;
    family.push_back(&test);
    gate_p_values.push_back(test.judgement.p_value);
    p_values.push_back(test.judgement.shape == Shape::kGrowing ? test.judgement.p_value : 1.0);
  }
  const std::vector<double> q_values = benjamini_hochberg(p_values);
  const std::vector<double> gate_q_values = benjamini_hochberg(gate_p_values);
  for (std::size_t i = 0; i < q_values.size(); ++i) {
    Test& test = *family[i];
    test.q_value = std::min(1.0, q_values[i] / share);
    test.significant = test.judgement.shape == Shape::kGrowing && test.q_value <= options_.q;
    test.gate_open = gate_q_values[i] / share <= options_.q;
  }
}

const Test* Facts::test(Quantity quantity, SubjectId subject) const {
  const auto& family = tests_[static_cast<std::size_t>(quantity)];
  const auto found = std::ranges::lower_bound(family, subject, {}, &Test::subject);
  return found != family.end() && found->subject == subject ? &*found : nullptr;
}

std::optional<Edges> Facts::edges(SubjectId subject, Metric metric) const {
  const Series* series = observation_.find(subject, metric);
  if (series == nullptr || series->size() < 2) return std::nullopt;
  return edges_of(*series);
}

double Facts::rise(SubjectId subject, Metric metric) const {
  const auto known = edges(subject, metric);
  return known ? known->rise() : 0;
}

}  // namespace leakscope::findings
