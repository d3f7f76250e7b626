#include "session/live_sampler.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "sources/recording/file_lock.h"

namespace leakscope::session {
namespace {

constexpr Nanoseconds kClockStep = std::chrono::seconds(1);
constexpr Nanoseconds kShortestDeadline = std::chrono::seconds(2);
/// Most sources that may block do not: waiting so long for them puts their readings into the sample they belong to.
constexpr Nanoseconds kGrace = std::chrono::milliseconds(20);

Nanoseconds wall_offset(const Moment& moment) { return moment.wall.since_epoch - moment.boot.since_boot; }
/// A person waits for the end of such a window, and a test of few points is weak.
bool is_brief(const SamplingOptions& options) {
  return options.duration && *options.duration <= std::chrono::minutes(10);
}

/// Sources say how often a recording at the usual interval wants them; one that samples faster gets them faster too,
/// down to their live period.
Nanoseconds recording_period(const sources::Period& period, Nanoseconds interval) {
  constexpr Nanoseconds kUsualInterval = std::chrono::seconds(5);
  if (interval >= kUsualInterval) return period.recording;
  return std::min(period.recording, std::max(period.live, period.recording / (kUsualInterval / interval)));
}

Nanoseconds usual_period(const sources::Period& period, const SamplingOptions& options) {
  if (options.mode == SamplingMode::kOnDemand) return Nanoseconds{0};
  const bool recording = options.mode == SamplingMode::kRecording && !is_brief(options);
  return std::max(recording ? recording_period(period, options.interval) : period.live, options.interval);
}

/// What a source of 5 s gives a window of a minute is too little, and what it gives when slowed down is nothing.
Schedule schedule_of(const sources::Period& period, const SamplingOptions& options) {
  constexpr int kPoints = 60;
  constexpr int kLeastPoints = 20;
  const Nanoseconds usual = usual_period(period, options);
  if (options.mode == SamplingMode::kOnDemand || !is_brief(options)) return Schedule(usual);
  const Nanoseconds longest = *options.duration / kLeastPoints;
  if (!period.brief) return {usual, {.shortest = {}, .longest = longest}};
  const Nanoseconds least = std::max(*period.brief, options.interval);
  const Nanoseconds first = std::min(usual, std::max(least, longest));
  return {first, {.shortest = std::min(first, std::max(least, *options.duration / kPoints)), .longest = longest}};
}

Nanoseconds suspended(const Moment& moment) { return moment.boot.since_boot - moment.monotonic; }

}  // namespace

struct LiveSampler::Entry {
  std::unique_ptr<sources::Source> source;  ///< asked by the sampler itself
  std::optional<BesideRunner> runner;       ///< or run beside it
  std::string name;
  Schedule schedule{Nanoseconds{0}};
  std::uint64_t failures = 0;
  std::uint64_t late = 0;
  std::optional<Error> last_error;
  bool overdue = false;
  bool was_slowed_down = false;
  std::vector<model::Coverage> coverage_when_idle;
  std::vector<model::Loss> losses_when_idle;

  [[nodiscard]] Nanoseconds deadline() const { return std::max(schedule.period(), kShortestDeadline); }
};

LiveSampler::LiveSampler(std::shared_ptr<model::Registry> registry, model::Host host,
                         std::vector<std::unique_ptr<sources::Source>> sources, std::vector<model::Coverage> not_opened,
                         const Clock& clock, const StopFlag& stop, SamplingOptions options)
    : registry_(std::move(registry)),
      host_(std::move(host)),
      not_opened_(std::move(not_opened)),
      clock_(clock),
      stop_(stop),
      options_(options) {
  for (auto& source : sources) {
    const sources::SourceInfo info = source->info();
    auto entry = std::make_unique<Entry>();
    entry->name = info.name;
    entry->schedule = schedule_of(info.period, options_);
    if (info.may_block) {
      entry->coverage_when_idle = source->coverage();
      entry->runner.emplace(std::move(source), registry_);
    } else {
      entry->source = std::move(source);
    }
    entries_.push_back(std::move(entry));
  }
}

LiveSampler::~LiveSampler() = default;

Result<bool> LiveSampler::next(model::Sample& sample) {
  if (finished_ || !wait_for_tick()) return false;
  sample.clear();
  sample.time = clock_.now();
  if (!first_) first_ = sample.time;
  note_clocks(sample);
  // Those beside begin first, so that they work while the fast tier is read; at the first tick last, because some look
  // closer at processes that the fast tier makes known.
  for (auto& entry : entries_) {
    if (entry->runner) collect_beside(*entry, sample);
  }
  const bool first_tick = ticks_ == 0;
  if (!first_tick) start_beside(sample);
  for (auto& entry : entries_) {
    if (entry->source && entry->schedule.is_due(sample.time.monotonic, options_.interval))
      sample_inline(*entry, sample);
  }
  if (first_tick) start_beside(sample);
  collect_what_ends_soon(sample);
  previous_ = sample.time;
  ++ticks_;
  return true;
}

void LiveSampler::collect_what_ends_soon(model::Sample& sample) {
  const Nanoseconds until = clock_.now().monotonic + kGrace;
  for (auto& entry : entries_) {
    if (!entry->runner || !entry->runner->is_running()) continue;
    if (entry->runner->wait_idle(std::max(until - clock_.now().monotonic, Nanoseconds{0})))
      collect_beside(*entry, sample);
  }
}

bool LiveSampler::wait_for_tick() {
  if (!first_ || options_.mode == SamplingMode::kOnDemand) return true;
  const Nanoseconds start = first_->monotonic;
  // A duration shorter than the interval has two samples: one at its start, one at its end.
  const Nanoseconds close_enough = ticks_ > 1 ? options_.interval / 2 : Nanoseconds{0};
  if (options_.duration && previous_->monotonic + close_enough >= start + *options_.duration) {
    finished_ = true;
    return false;
  }
  // Ticks stand on a grid from the first one; those that passed while we could not run are counted and left out.
  const Nanoseconds now = clock_.now().monotonic;
  Nanoseconds target = start +
                       (previous_->monotonic - start + options_.interval / 2) / options_.interval * options_.interval +
                       options_.interval;
  if (now > target + options_.interval) {
    const auto missed = (now - target) / options_.interval;
    ticks_missed_ += static_cast<std::uint64_t>(missed);
    target += missed * options_.interval;
  }
  if (options_.duration) target = std::min(target, start + *options_.duration);
  if (!stop_.wait_for(target - now)) return true;
  finished_ = true;
  return false;
}

void LiveSampler::sample_inline(Entry& entry, model::Sample& sample) {
  const std::size_t readings_before = sample.readings.size();
  const Nanoseconds before = thread_cpu_time();
  model::SampleSink sink(*registry_, sample);
  const Result<> result = entry.source->sample(sink);
  const Nanoseconds cpu = thread_cpu_time() - before;
  if (!result) sample.readings.resize(readings_before);
  entry.schedule.ran(sample.time.monotonic);
  account(entry, sample, result, cpu);
}

void LiveSampler::start_beside(const model::Sample& sample) {
  for (auto& entry : entries_) {
    if (!entry->runner || !entry->schedule.is_due(sample.time.monotonic, options_.interval)) continue;
    if (entry->runner->is_running()) {
      entry->overdue = entry->runner->running_for(sample.time.monotonic) > entry->deadline();
      continue;
    }
    entry->overdue = false;
    entry->runner->start(sample.time);
    entry->schedule.ran(sample.time.monotonic);
  }
}

void LiveSampler::collect_beside(Entry& entry, model::Sample& sample) {
  auto outcome = entry.runner->take();
  if (!outcome) return;
  entry.overdue = false;
  entry.coverage_when_idle = entry.runner->source().coverage();
  entry.losses_when_idle = entry.runner->source().losses();
  // A reading that is older than its deadline would stand at the wrong time.
  if (outcome->elapsed > entry.deadline()) {
    ++entry.late;
  } else if (outcome->result) {
    std::ranges::copy(outcome->sample.readings, std::back_inserter(sample.readings));
  }
  std::ranges::move(outcome->sample.events, std::back_inserter(sample.events));
  std::ranges::copy(outcome->sample.retired, std::back_inserter(sample.retired));
  account(entry, sample, outcome->result, outcome->cpu);
}

void LiveSampler::account(Entry& entry, model::Sample& sample, const Result<>& result, Nanoseconds cpu) {
  if (!result) {
    ++entry.failures;
    entry.last_error = result.error();
  }
  if (options_.mode == SamplingMode::kOnDemand || entry.schedule.charge(cpu) != Schedule::Change::kSlowedDown) return;
  entry.was_slowed_down = true;
  sample.events.push_back({sample.time, model::EventKind::kSourceBackoff, std::nullopt,
                           fmt::format("{} took {:.1f} ms: now asked every {}", entry.name,
                                       static_cast<double>(cpu.count()) / 1e6, to_human(entry.schedule.period()))});
}

void LiveSampler::note_clocks(model::Sample& sample) {
  if (!previous_) return;
  const Nanoseconds step = wall_offset(sample.time) - wall_offset(*previous_);
  if (step > kClockStep || step < -kClockStep) {
    sample.events.push_back({sample.time, model::EventKind::kClockStep, std::nullopt,
                             fmt::format("the wall clock was set {} by {}", step.count() > 0 ? "forward" : "back",
                                         to_human(step.count() > 0 ? step : -step))});
  }
  const Nanoseconds asleep = suspended(sample.time) - suspended(*previous_);
  if (asleep > kClockStep) {
    sample.events.push_back({sample.time, model::EventKind::kResume, std::nullopt,
                             fmt::format("the machine was suspended for {}", to_human(asleep))});
  }
}

void LiveSampler::settle(model::Sample& sample, Nanoseconds deadline) {
  const Nanoseconds until = clock_.now().monotonic + deadline;
  for (auto& entry : entries_) {
    if (!entry->runner) continue;
    entry->overdue = !entry->runner->wait_idle(std::max(until - clock_.now().monotonic, Nanoseconds{0}));
    collect_beside(*entry, sample);
  }
}

std::vector<model::Coverage> LiveSampler::coverage() const {
  using State = model::Coverage::State;
  std::vector<model::Coverage> all = not_opened_;
  for (const auto& entry : entries_) {
    std::vector<model::Coverage> own = entry->source ? entry->source->coverage() : entry->coverage_when_idle;
    std::ranges::move(own, std::back_inserter(all));
    if (entry->last_error) all.push_back(model::coverage_from_error(entry->name, *entry->last_error));
    if (entry->overdue) {
      all.push_back({entry->name, State::kPartial,
                     "did not answer in time: something it reads hangs, or this machine is too busy", ""});
    }
    if (entry->was_slowed_down) {
      all.push_back(
          {entry->name, State::kPartial,
           fmt::format("was slowed down because it cost too much; asked every {}", to_human(entry->schedule.period())),
           ""});
    }
  }
  correct_remedies(all, options_.viewer);
  return all;
}

std::vector<model::Loss> LiveSampler::losses() const {
  std::vector<model::Loss> all;
  if (ticks_missed_ > 0)
    all.push_back(
        {"sampler", "samples missed because the machine was too busy", ticks_missed_, ticks_ + ticks_missed_});
  for (const auto& entry : entries_) {
    std::vector<model::Loss> own = entry->source ? entry->source->losses() : entry->losses_when_idle;
    std::ranges::move(own, std::back_inserter(all));
    if (entry->failures > 0) all.push_back({entry->name, "reads that failed", entry->failures, entry->schedule.runs()});
    if (entry->late > 0)
      all.push_back({entry->name, "answers that came too late to count", entry->late, entry->schedule.runs()});
  }
  return all;
}

std::vector<ProcessId> LiveSampler::observers() const {
  const auto self = sources::recording::this_process();
  return self ? std::vector{*self} : std::vector<ProcessId>{};
}

std::vector<LiveSampler::Cost> LiveSampler::costs() const {
  std::vector<Cost> all;
  all.reserve(entries_.size());
  for (const auto& entry : entries_) {
    all.push_back({entry->name, entry->schedule.runs(), entry->schedule.total_cost(), entry->schedule.period()});
  }
  return all;
}

}  // namespace leakscope::session
