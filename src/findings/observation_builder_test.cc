#include "findings/observation_builder.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace leakscope::findings {
namespace {

using model::Metric;
using model::SubjectId;
using model::SubjectKind;

}  // namespace

Curve flat(double level) {
  return [level](int, int) { return level; };
}
Curve noisy(double level, double noise) {
  return [level, noise](int i, int) {
    const auto mixed = static_cast<std::uint32_t>(i) * 2654435761U;
    return level + noise * (static_cast<double>((mixed >> 16U) % 1000U) / 1000.0 - 0.5);
  };
}
Curve ramp(double level, double rise) {
  return [level, rise](int i, int n) { return level + rise * i / (n - 1); };
}
Curve plateau(double level, double rise) {
  return [level, rise](int i, int n) { return level + rise * std::min(1.0, 3.0 * i / (n - 1)); };
}
Curve jump(double level, double rise) {
  return [level, rise](int i, int n) { return i * 2 < n ? level : level + rise; };
}
Curve sawtooth(double level, double height) {
  return [level, height](int i, int n) { return level + height * std::fmod(5.0 * i / n, 1.0); };
}
Curve sum(Curve a, Curve b) {
  return [a = std::move(a), b = std::move(b)](int i, int n) { return a(i, n) + b(i, n); };
}

ObservationBuilder::ObservationBuilder(int samples, Nanoseconds period)
    : samples_(samples), period_(period), registry_(std::make_shared<model::Registry>()) {}

ObservationBuilder& ObservationBuilder::idle_machine() {
  constexpr double kGiB = 1024 * kMiB;
  machine(Metric::kZoneinfoManaged, flat(16 * kGiB)).machine(Metric::kMeminfoMemTotal, flat(16 * kGiB));
  machine(Metric::kMeminfoMemAvailable, noisy(12 * kGiB, 2 * kMiB)).machine(Metric::kMeminfoSwapFree, flat(0));
  machine(Metric::kMeminfoSwapTotal, flat(0)).machine(Metric::kVmstatFreePages, noisy(10 * kGiB, 2 * kMiB));
  machine(Metric::kZoneinfoPcp, flat(16 * kMiB)).machine(Metric::kMeminfoAnonPages, noisy(kGiB, 0.5 * kMiB));
  machine(Metric::kMeminfoCached, noisy(2 * kGiB, kMiB)).machine(Metric::kMeminfoShmem, flat(64 * kMiB));
  machine(Metric::kMeminfoBuffers, flat(32 * kMiB)).machine(Metric::kMeminfoSlab, flat(512 * kMiB));
  machine(Metric::kMeminfoSReclaimable, flat(300 * kMiB)).machine(Metric::kMeminfoSUnreclaim, flat(212 * kMiB));
  machine(Metric::kMeminfoVmallocUsed, flat(80 * kMiB)).machine(Metric::kMeminfoKernelStack, flat(10 * kMiB));
  machine(Metric::kMeminfoPageTables, flat(20 * kMiB)).machine(Metric::kMeminfoPercpu, flat(8 * kMiB));
  machine(Metric::kPercpuFirstChunk, flat(kMiB)).machine(Metric::kSlabTotalBytes, flat(505 * kMiB), 5);
  machine(Metric::kStatContextSwitches, ramp(1e6, 60000)).machine(Metric::kStatForks, ramp(1e4, 60));
  machine(Metric::kTasksTotal, flat(400)).machine(Metric::kFileAllocated, flat(2000));
  machine(Metric::kFileMax, flat(1e6)).machine(Metric::kPidMax, flat(4194304));
  return *this;
}

ObservationBuilder& ObservationBuilder::machine(Metric metric, Curve curve, int every) {
  return series(model::Registry::machine_id(), metric, std::move(curve), every);
}

ObservationBuilder& ObservationBuilder::series(SubjectId subject, Metric metric, Curve curve, int every) {
  const auto same =
      std::ranges::find_if(lines_, [&](const Line& line) { return line.subject == subject && line.metric == metric; });
  if (same != lines_.end()) {
    same->curve = std::move(curve);
    same->every = every;
  } else {
    lines_.push_back({subject, metric, std::move(curve), every});
  }
  return *this;
}

ObservationBuilder& ObservationBuilder::lives(SubjectId subject, int from, int until) {
  lives_.push_back({subject, from, until});
  return *this;
}

SubjectId ObservationBuilder::process(int pid, std::string comm, Curve anon, std::optional<SubjectId> group,
                                      std::string cgroup) {
  model::SubjectInfo info;
  info.key = {SubjectKind::kProcess, std::move(comm), ProcessId{Pid{pid}, StartTime{100}}};
  info.cgroup = std::move(cgroup);
  info.parent = group;
  const SubjectId id = registry_->intern(std::move(info));
  series(id, Metric::kProcessRssAnon, std::move(anon));
  return id;
}

SubjectId ObservationBuilder::group(std::string name, Curve anon, double members) {
  const SubjectId id = subject(SubjectKind::kGroup, std::move(name));
  series(id, Metric::kGroupRssAnon, std::move(anon));
  series(id, Metric::kGroupMembers, flat(members));
  return id;
}

SubjectId ObservationBuilder::cache(std::string name, double object_size, bool reclaimable, Curve active_objects,
                                    Curve total_objects) {
  const SubjectId id = subject(SubjectKind::kSlabCache, std::move(name));
  series(id, Metric::kSlabObjectSize, flat(object_size), 5);
  series(id, Metric::kSlabReclaimable, flat(reclaimable ? 1 : 0), 5);
  series(id, Metric::kSlabActiveObjects, std::move(active_objects), 5);
  series(
      id, Metric::kSlabBytes, [total_objects, object_size](int i, int n) { return total_objects(i, n) * object_size; },
      5);
  series(id, Metric::kSlabTotalObjects, std::move(total_objects), 5);
  return id;
}

SubjectId ObservationBuilder::subject(SubjectKind kind, std::string name) {
  return registry_->intern(model::SubjectKey{kind, std::move(name)});
}

ObservationBuilder& ObservationBuilder::event(int sample, model::EventKind kind, std::string text) {
  events_.push_back({sample, kind, std::move(text)});
  return *this;
}

model::Observation ObservationBuilder::build() const {
  model::Observation observation(registry_);
  for (int i = 0; i < samples_; ++i) {
    model::Sample sample;
    sample.time.boot = BootTime{std::chrono::hours(24) + period_ * i};
    for (const Line& line : lines_) {
      if (i % line.every != 0) continue;
      const bool alive = std::ranges::all_of(
          lives_, [&](const Life& life) { return life.subject != line.subject || (i >= life.from && i < life.until); });
      if (alive) sample.readings.push_back({line.subject, line.metric, std::llround(line.curve(i, samples_))});
    }
    for (const Happening& happening : events_) {
      if (happening.sample == i) sample.events.push_back({sample.time, happening.kind, std::nullopt, happening.text});
    }
    observation.add(sample);
  }
  return observation;
}

Judged judge_with_defaults(const model::Observation& observation) { return judge(observation, {}); }

const Finding* find(const Judged& judged, std::string_view id, std::string_view name) {
  const auto found = std::ranges::find_if(judged.findings, [&](const Finding& finding) {
    return finding.id == id && (name.empty() || finding.subject.key.name == name);
  });
  return found == judged.findings.end() ? nullptr : &*found;
}

std::vector<std::string> alarms(const Judged& judged) {
  std::vector<std::string> words;
  for (const Finding& finding : judged.findings) {
    if (finding.state != State::kLeak && finding.state != State::kGrowing) continue;
    words.push_back(finding.id + " " + std::string(to_string(finding.state)) + " " + finding.subject.key.name);
  }
  return words;
}

bool has_evidence(const Finding& finding, std::string_view part) {
  return std::ranges::any_of(finding.evidence,
                             [&](const Evidence& evidence) { return evidence.text.find(part) != std::string::npos; });
}

}  // namespace leakscope::findings
