#pragma once

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/registry.h"
#include "model/sample.h"
#include "sources/recording/recording_reader.h"
#include "sources/recording/recording_writer.h"

/// For the tests of this folder: samples that nobody measured, and how to compare what was written with what is read.
namespace leakscope::sources::recording {

/// A folder that goes when the test does.
class ScratchDir {
 public:
  /// Below /dev/shm, where there is one, for tests that write a file thousands of times.
  static constexpr bool kInMemory = true;

  explicit ScratchDir(bool in_memory = false) {
    const std::filesystem::path shm = "/dev/shm";
    const auto base = in_memory && std::filesystem::is_directory(shm) ? shm : std::filesystem::temp_directory_path();
    std::string pattern = (base / "recording-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  ~ScratchDir() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A sample in words that do not depend on a registry's numbers. Readings are sorted.
struct Told {
  Moment time;
  std::vector<std::string> readings;
  std::vector<std::string> events;
  std::vector<std::string> retired;

  friend bool operator==(const Told& a, const Told& b) {
    return a.time.boot == b.time.boot && a.time.wall == b.time.wall && a.time.monotonic == b.time.monotonic &&
           a.readings == b.readings && a.events == b.events && a.retired == b.retired;
  }
  friend void PrintTo(const Told& told, std::ostream* out) {
    *out << fmt::format("at {}: {} readings, {} events, {} retired", told.time.boot.since_boot.count(),
                        told.readings.size(), told.events.size(), told.retired.size());
    for (const auto& line : told.readings) *out << "\n  " << line;
    for (const auto& line : told.events) *out << "\n  event " << line;
    for (const auto& line : told.retired) *out << "\n  retired " << line;
  }
};

inline std::string tell(const model::SubjectInfo& info) {
  std::string text = fmt::format("{} '{}'", to_string(info.key.kind), info.key.name);
  if (info.key.process) text += fmt::format(" {}/{}", info.key.process->pid.value, info.key.process->start.ticks);
  return text + fmt::format(" [{}|{}|{}|{}]", info.cgroup, info.container, info.executable, info.detail);
}

inline Told tell(const model::Sample& sample, const model::Registry& registry) {
  Told told{.time = sample.time, .readings = {}, .events = {}, .retired = {}};
  for (const model::Reading& r : sample.readings) {
    const model::SubjectInfo info = registry.info(r.subject);
    const std::string parent = info.parent ? tell(registry.info(*info.parent)) : "";
    told.readings.push_back(fmt::format("{} < {} # {} = {}", tell(info), parent, model::info(r.metric).name, r.value));
  }
  std::ranges::sort(told.readings);
  for (const model::Event& e : sample.events) {
    told.events.push_back(
        fmt::format("{} {} '{}' {} {} {}", to_string(e.kind), e.subject ? tell(registry.info(*e.subject)) : "-", e.text,
                    e.time.boot.since_boot.count(), e.time.wall.since_epoch.count(), e.time.monotonic.count()));
  }
  for (const model::SubjectId id : sample.retired) told.retired.push_back(tell(registry.info(id)));
  std::ranges::sort(told.retired);
  return told;
}

/// A machine whose subjects come and go, at random but the same each time.
class MadeMachine {
 public:
  explicit MadeMachine(unsigned seed, std::string boot_id = "b0") : random_(seed), boot_id_(std::move(boot_id)) {}

  model::Registry registry;
  model::Sample sample;

  /// Irregular times, births, deaths, changed names, missing readings, values of every size.
  const model::Sample& next_wild() {
    step(1 + below(20'000'000'000));
    if (below(3) == 0) time_.wall.since_epoch += Nanoseconds(static_cast<std::int64_t>(below(1000)) - 500);
    if (below(40) == 0) time_.wall.since_epoch -= std::chrono::hours(7);
    sample.time = time_;
    while (living_.size() < 5 || below(4) == 0) be_born();
    if (living_.size() > 8 && below(3) == 0) die();
    if (below(10) == 0) rename();
    if (below(5) == 0) {
      sample.events.push_back({time_, static_cast<model::EventKind>(below(14)),
                               below(2) == 0 ? std::optional<model::SubjectId>() : living_[below(living_.size())].id,
                               std::string("text\0\xff\n", 7)});
    }
    for (Living& subject : living_) {
      for (std::size_t i = 0; i < subject.values.size(); ++i) {
        if (below(10) == 0) continue;
        subject.values[i] = change(subject.values[i]);
        sample.readings.push_back({subject.id, metric(i), subject.values[i]});
      }
    }
    return sample;
  }

  /// Every 5 s the same subjects; a few values change.
  const model::Sample& next_calm(std::size_t processes = 20) {
    step(5'000'000'000);
    sample.time = time_;
    while (living_.size() < processes) be_born();
    for (Living& subject : living_) {
      for (std::size_t i = 0; i < subject.values.size(); ++i) {
        if (below(10) == 0) subject.values[i] += static_cast<std::int64_t>(below(64)) * 4096 - 30 * 4096;
        sample.readings.push_back({subject.id, metric(i), subject.values[i]});
      }
    }
    return sample;
  }

  /// Every 30 s so many processes with eight series each, of which every value changes; some end, as many begin.
  const model::Sample& next_restless(std::size_t processes, std::size_t replaced) {
    step(30'000'000'000);
    sample.time = time_;
    for (std::size_t i = 0; i < replaced && !living_.empty(); ++i) die();
    while (living_.size() < processes) {
      const ProcessId id{Pid{static_cast<std::int32_t>(births_ % 30'000)}, StartTime{births_}};
      ++births_;
      living_.push_back(
          {registry.intern(model::SubjectKey{model::SubjectKind::kProcess, "made", id}), std::vector<std::int64_t>(8)});
    }
    for (Living& subject : living_) {
      for (std::size_t i = 0; i < subject.values.size(); ++i) {
        subject.values[i] += static_cast<std::int64_t>(below(2000)) - 1000;
        sample.readings.push_back({subject.id, metric(i), subject.values[i]});
      }
    }
    return sample;
  }

  /// Every 5 s values of the machine that nothing can pack.
  const model::Sample& next_noise(std::size_t series) {
    step(5'000'000'000);
    sample.time = time_;
    for (std::size_t i = 0; i < series; ++i) {
      sample.readings.push_back({model::Registry::machine_id(), metric(i), static_cast<std::int64_t>(random_())});
    }
    return sample;
  }

  [[nodiscard]] WriterOptions options() const {
    WriterOptions options;
    options.host.hostname = "made";
    options.host.kernel_release = "6.1.0";
    options.host.boot_id = boot_id_;
    options.host.cpus = 4;
    options.host.cgroup_version = 2;
    options.host.modules = {"ext4", "nf_tables"};
    options.start = time_;
    options.interval = std::chrono::seconds(5);
    options.tool_version = "test";
    options.sync = false;
    return options;
  }
  void skip(Nanoseconds time) { step(static_cast<std::uint64_t>(time.count())); }
  [[nodiscard]] const Moment& time() const { return time_; }
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

 private:
  struct Living {
    model::SubjectId id;
    std::vector<std::int64_t> values;
  };

  void step(std::uint64_t ns) {
    sample.clear();
    time_.boot.since_boot += Nanoseconds(ns);
    time_.wall.since_epoch += Nanoseconds(ns);
    time_.monotonic += Nanoseconds(ns);
  }
  static model::Metric metric(std::size_t i) { return static_cast<model::Metric>(i * 7 % model::all_metrics().size()); }

  void be_born() {
    model::SubjectInfo info;
    if (below(2) == 0) {
      info.key.kind = model::SubjectKind::kProcess;
      info.key.name = fmt::format("worker {}", below(5));
      info.key.process = ProcessId{Pid{static_cast<std::int32_t>(below(100))}, StartTime{++births_}};
      info.cgroup = "/system.slice/made.service";
      info.executable = std::string("/usr/bin/m\xc3\xa4\xff", 13);
      info.parent = registry.intern(
          model::SubjectInfo{.key = {model::SubjectKind::kGroup, fmt::format("group {}", below(2)), {}}});
    } else {
      // The same few names again and again: one that was removed and made again is another subject.
      info.key.kind = model::SubjectKind::kCgroup;
      info.key.name = fmt::format("/made/{}", below(12));
      info.detail = fmt::format("made at {}", ++births_);
      if (registry.find(info.key)) return;
    }
    living_.push_back({registry.intern(info), std::vector<std::int64_t>(1 + below(6))});
  }
  void die() {
    const auto victim = living_.begin() + static_cast<std::ptrdiff_t>(below(living_.size()));
    registry.retire(victim->id);
    sample.retired.push_back(victim->id);
    living_.erase(victim);
  }
  void rename() {
    model::SubjectInfo info = registry.info(living_[below(living_.size())].id);
    if (!info.key.process) return;
    info.key.name += "'";
    info.executable += "2";
    registry.update(*registry.find(info.key), info);
  }
  std::int64_t change(std::int64_t value) {
    switch (below(8)) {
      case 0:
        return INT64_MIN;
      case 1:
        return INT64_MAX;
      case 2:
        return static_cast<std::int64_t>(random_());
      case 3:
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) - below(1000) * 4096);
      default:
        return value;
    }
  }

  std::mt19937_64 random_;
  std::string boot_id_;
  Moment time_{BootTime{std::chrono::seconds(100)}, WallTime{std::chrono::seconds(1'700'000'000)},
               std::chrono::seconds(90)};
  std::vector<Living> living_;
  std::uint64_t births_ = 0;
};

/// What is cheap to compare: when, and a sum over metrics and values.
struct Glimpse {
  std::int64_t boot = 0;
  std::uint64_t sum = 0;
  friend bool operator==(const Glimpse&, const Glimpse&) = default;
};
inline Glimpse glimpse(const model::Sample& sample) {
  Glimpse seen{.boot = sample.time.boot.since_boot.count(), .sum = 0};
  for (const model::Reading& r : sample.readings) {
    seen.sum += (static_cast<std::uint64_t>(r.value) + 1) * (static_cast<std::uint64_t>(r.metric) * 2 + 1);
  }
  return seen;
}

struct ReadBack {
  std::vector<Told> samples;
  std::vector<Glimpse> glimpses;  ///< of the same
  std::vector<model::Loss> losses;
  std::vector<model::Coverage> coverage;
  model::Host host;
  std::optional<Error> error;  ///< that ended the stream, or kept it from opening

  [[nodiscard]] std::uint64_t lost(std::string_view what) const {
    for (const model::Loss& loss : losses) {
      if (loss.what.find(what) != std::string::npos) return loss.count;
    }
    return 0;
  }
};

inline ReadBack read_all(Result<std::unique_ptr<SampleStream>> stream, const model::Registry& registry,
                         bool in_words = true) {
  ReadBack back;
  if (!stream) {
    back.error = stream.error();
    return back;
  }
  model::Sample sample;
  while (true) {
    const auto more = (*stream)->next(sample);
    if (!more) back.error = more.error();
    if (!more || !*more) break;
    back.glimpses.push_back(glimpse(sample));
    if (in_words) back.samples.push_back(tell(sample, registry));
  }
  back.losses = (*stream)->losses();
  back.coverage = (*stream)->coverage();
  back.host = (*stream)->host();
  return back;
}

inline ReadBack read_back(const std::string& path, ReaderOptions options = {}) {
  auto registry = std::make_shared<model::Registry>();
  return read_all(open_recording(path, registry, std::move(options)), *registry);
}

inline ReadBack glimpse_back(const std::string& path) {
  auto registry = std::make_shared<model::Registry>();
  return read_all(open_recording(path, registry), *registry, false);
}

}  // namespace leakscope::sources::recording
