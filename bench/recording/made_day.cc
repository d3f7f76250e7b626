#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "day.h"

namespace leakscope::bench {
namespace {

using model::Metric;

constexpr std::array kProcessMetrics{
    Metric::kProcessCpuTime, Metric::kProcessRssAnon, Metric::kProcessRssFile,    Metric::kProcessRssShmem,
    Metric::kProcessSwap,    Metric::kProcessHwm,     Metric::kProcessPageTables, Metric::kProcessVm,
    Metric::kProcessThreads, Metric::kProcessFds,     Metric::kProcessFdLimit,    Metric::kProcessFdSockets,
    Metric::kProcessFdPipes, Metric::kProcessFdFiles, Metric::kProcessFdAnon,     Metric::kProcessFdMemfds};
constexpr std::array kGroupMetrics{Metric::kGroupRssAnon,    Metric::kGroupRssFile, Metric::kGroupRssShmem,
                                   Metric::kGroupPageTables, Metric::kGroupThreads, Metric::kGroupFds,
                                   Metric::kGroupCpuTime,    Metric::kGroupMembers};
constexpr std::array kCgroupMetrics{
    Metric::kCgroupCurrent,           Metric::kCgroupAnon, Metric::kCgroupFile,       Metric::kCgroupSlabReclaimable,
    Metric::kCgroupSlabUnreclaimable, Metric::kCgroupSock, Metric::kCgroupPidsCurrent};

// Fields of /proc/vmstat that say what a field of /proc/meminfo says.
constexpr std::array<std::pair<Metric, Metric>, 16> kTwins{
    {{Metric::kVmstatFreePages, Metric::kMeminfoMemFree},
     {Metric::kVmstatInactiveAnon, Metric::kMeminfoInactiveAnon},
     {Metric::kVmstatActiveAnon, Metric::kMeminfoActiveAnon},
     {Metric::kVmstatInactiveFile, Metric::kMeminfoInactiveFile},
     {Metric::kVmstatActiveFile, Metric::kMeminfoActiveFile},
     {Metric::kVmstatUnevictable, Metric::kMeminfoUnevictable},
     {Metric::kVmstatAnonPages, Metric::kMeminfoAnonPages},
     {Metric::kVmstatShmem, Metric::kMeminfoShmem},
     {Metric::kVmstatSlabReclaimable, Metric::kMeminfoSReclaimable},
     {Metric::kVmstatSlabUnreclaimable, Metric::kMeminfoSUnreclaim},
     {Metric::kVmstatKernelStack, Metric::kMeminfoKernelStack},
     {Metric::kVmstatPageTables, Metric::kMeminfoPageTables},
     {Metric::kVmstatFilePages, Metric::kMeminfoCached},
     {Metric::kVmstatBounce, Metric::kMeminfoBounce},
     {Metric::kVmstatWritebackTemp, Metric::kMeminfoWritebackTmp},
     {Metric::kVmstatFreeCma, Metric::kMeminfoCmaFree}}};

class MadeDay final : public Day {
 public:
  explicit MadeDay(const DayParts& parts) : parts_(parts) {
    for (std::size_t i = 0; i < parts.processes; ++i) processes_.push_back(start_process(i));
    for (std::size_t i = 0; i < parts.caches; ++i) caches_.push_back(make_cache(i));
    if (parts.machine) make_machine();
  }

  bool next(model::Sample& sample) override {
    sample.clear();
    if (done_ == parts_.samples) return false;
    // A timer wakes some microseconds late; the wall clock is slewed a little.
    const auto late = Nanoseconds(below(200'000));
    time_.boot.since_boot += std::chrono::seconds(5);
    time_.wall.since_epoch += std::chrono::seconds(5) + Nanoseconds(below(60));
    time_.monotonic += std::chrono::seconds(5);
    sample.time = {time_.boot + late, {time_.wall.since_epoch + late}, time_.monotonic + late};
    if (parts_.machine) add_machine(sample);
    if (parts_.processes > 0) add_processes(sample);
    if (parts_.caches > 0 && done_ % 3 == 0) add_caches(sample);
    ++done_;
    return true;
  }

 private:
  struct Process {
    model::SubjectId id;
    std::array<std::int64_t, kProcessMetrics.size()> values{};
    std::size_t group = 0;
    bool fleeting = false;
    std::size_t ends = 0;
  };
  struct Cache {
    model::SubjectId id;
    std::int64_t active = 0;
    std::int64_t total = 0;
    std::int64_t size = 0;
    int restless = 0;  // how often of 100 samples it changes
  };
  struct Level {
    Metric metric{};
    std::int64_t value = 0;
    double spread = 0;      // of the change, in units
    std::int64_t unit = 1;  // 4096 for pages
    std::int64_t drift = 0;
    int restless = 100;
  };

  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  std::int64_t spread(double sd) { return std::llround(normal_(random_) * sd); }

  Process start_process(std::size_t number) {
    model::SubjectInfo info;
    Process process;
    process.group = number / 5;
    const std::string service = "service-" + std::to_string(process.group);
    info.key = {model::SubjectKind::kProcess, service.substr(0, 15),
                ProcessId{Pid{static_cast<std::int32_t>(1000 + next_pid_++)}, StartTime{next_pid_ * 137}}};
    info.cgroup = "/system.slice/" + service + ".service";
    info.container = service + ".service";
    info.executable = "/usr/lib/" + service + "/bin/" + service;
    if (parts_.groups) {
      model::SubjectInfo group;
      group.key.kind = model::SubjectKind::kGroup;
      group.key.name = service + " in " + info.container;
      group.cgroup = info.cgroup;
      info.parent = registry_.intern(std::move(group));
      if (process.group >= groups_.size()) {
        groups_.resize(process.group + 1);
        groups_[process.group] = {*info.parent,
                                  registry_.intern(model::SubjectKey{model::SubjectKind::kCgroup, info.cgroup, {}})};
      }
    }
    process.id = registry_.intern(info);
    const std::int64_t pages = static_cast<std::int64_t>(500 + below(50'000));
    process.values = {static_cast<std::int64_t>(below(100'000)) * 10'000'000,
                      pages * 4096,
                      3'000 * 4096,
                      0,
                      0,
                      (pages + 3'000) * 4096,
                      300 * 1024,
                      700 * 1024 * 1024,
                      static_cast<std::int64_t>(1 + below(8)),
                      static_cast<std::int64_t>(8 + below(100)),
                      1024,
                      4,
                      2,
                      6,
                      3,
                      0};
    return process;
  }

  // What a process that did something has changed: CPU time always, its memory often, the rest at times.
  void stir(Process& process) {
    auto& v = process.values;
    v[0] += static_cast<std::int64_t>(1 + below(30)) * 10'000'000;
    if (below(100) < 60) v[1] = std::max<std::int64_t>(v[1] + spread(40) * 4096, 4096);
    if (below(100) < 20) v[2] = std::max<std::int64_t>(v[2] + spread(8) * 4096, 4096);
    if (v[1] + v[2] > v[5]) v[5] = v[1] + v[2];
    if (below(100) < 10) v[6] += spread(1.5) * 4096;
    if (below(100) < 15) v[7] += spread(20) * 4096;
    if (below(100) < 5) v[8] = std::max<std::int64_t>(1, v[8] + spread(1));
    if (below(100) < 15) v[9] = std::max<std::int64_t>(3, v[9] + spread(2));
  }

  void add_processes(model::Sample& sample) {
    // 5 % change: a third of these are always the same ones.
    const std::size_t changing = std::max<std::size_t>(parts_.processes / 20, 1);
    for (std::size_t i = 0; i < changing; ++i) {
      stir(processes_[i % 3 == 0 ? i * 17 % parts_.processes : below(parts_.processes)]);
    }
    // Every minute one short-lived process begins.
    if (done_ % 12 == 0) {
      processes_.push_back(start_process(below(parts_.processes)));
      processes_.back().fleeting = true;
      processes_.back().ends = done_ + 1 + below(24);
    }
    for (auto it = processes_.begin() + static_cast<std::ptrdiff_t>(parts_.processes); it != processes_.end();) {
      if (it->ends > done_) {
        ++it;
        continue;
      }
      registry_.retire(it->id);
      sample.retired.push_back(it->id);
      it = processes_.erase(it);
    }
    for (const Process& process : processes_) {
      for (std::size_t m = 0; m < parts_.metrics; ++m) {
        sample.readings.push_back({process.id, kProcessMetrics[m], process.values[m]});
      }
    }
    if (parts_.groups) add_groups(sample);
  }

  void add_groups(model::Sample& sample) {
    std::vector<std::array<std::int64_t, kGroupMetrics.size()>> sums(groups_.size());
    for (const Process& p : processes_) {
      auto& sum = sums[p.group];
      sum[0] += p.values[1];
      sum[1] += p.values[2];
      sum[2] += p.values[3];
      sum[3] += p.values[6];
      sum[4] += p.values[8];
      sum[5] += p.values[9];
      sum[6] += p.values[0];
      sum[7] += 1;
    }
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      for (std::size_t m = 0; m < kGroupMetrics.size(); ++m) {
        sample.readings.push_back({groups_[g].first, kGroupMetrics[m], sums[g][m]});
      }
      const std::array<std::int64_t, kCgroupMetrics.size()> values{
          sums[g][0] + sums[g][1] + 5'000'000, sums[g][0], sums[g][1], 2'000'000, 1'000'000, 4096, sums[g][7]};
      for (std::size_t m = 0; m < kCgroupMetrics.size(); ++m) {
        sample.readings.push_back({groups_[g].second, kCgroupMetrics[m], values[m]});
      }
    }
  }

  Cache make_cache(std::size_t number) {
    Cache cache;
    model::SubjectInfo info;
    info.key.kind = model::SubjectKind::kSlabCache;
    info.key.name = "made_inode_cache_" + std::to_string(number);
    if (number % 4 == 0) info.detail = "alias_of_" + std::to_string(number);
    cache.id = registry_.intern(std::move(info));
    cache.size = static_cast<std::int64_t>(64 + below(30) * 64);
    cache.active = static_cast<std::int64_t>(100 + below(100'000));
    cache.total = cache.active + 50;
    cache.restless = number % 10 < 3 ? 90 : 5;
    return cache;
  }

  void add_caches(model::Sample& sample) {
    for (Cache& cache : caches_) {
      if (static_cast<int>(below(100)) < cache.restless) {
        cache.active = std::max<std::int64_t>(0, cache.active + spread(25));
        const std::int64_t per_slab = std::max<std::int64_t>(1, 32'768 / cache.size);
        if (cache.active > cache.total || cache.total - cache.active > 6 * per_slab) {
          cache.total = (cache.active / per_slab + 2) * per_slab;
        }
      }
      const std::int64_t per_slab = std::max<std::int64_t>(1, 32'768 / cache.size);
      sample.readings.push_back({cache.id, Metric::kSlabActiveObjects, cache.active});
      sample.readings.push_back({cache.id, Metric::kSlabTotalObjects, cache.total});
      sample.readings.push_back({cache.id, Metric::kSlabObjectSize, cache.size});
      sample.readings.push_back({cache.id, Metric::kSlabBytes, cache.total / per_slab * 32'768});
    }
  }

  // About 150 series: levels in pages that wander, counters that rise, free blocks by order, and what stays.
  void make_machine() {
    const auto first = static_cast<std::uint16_t>(Metric::kMeminfoMemTotal);
    const auto last = static_cast<std::uint16_t>(Metric::kMeminfoGPUReclaim);
    for (std::uint16_t m = first; m <= last; ++m) {
      const int restless = m % 5 == 0 ? 5 : m % 5 == 1 ? 70 : 100;
      levels_.push_back({.metric = static_cast<Metric>(m),
                         .value = static_cast<std::int64_t>(below(4'000'000)) * 4096,
                         .spread = m % 3 == 0   ? 1500.0
                                   : m % 3 == 1 ? 150.0
                                                : 12.0,
                         .unit = 4096,
                         .drift = 0,
                         .restless = restless});
    }
    for (auto m = static_cast<std::uint16_t>(Metric::kVmstatPgpgin);
         m <= static_cast<std::uint16_t>(Metric::kVmstatBalloonDeflate); ++m) {
      levels_.push_back({.metric = static_cast<Metric>(m),
                         .value = 1'000'000,
                         .spread = 300,
                         .unit = 1,
                         .drift = 2000,
                         .restless = m % 4 == 0 ? 0 : 100});
    }
    for (auto m = static_cast<std::uint16_t>(Metric::kBuddyOrder0);
         m <= static_cast<std::uint16_t>(Metric::kBuddyOrder10); ++m) {
      levels_.push_back(
          {.metric = static_cast<Metric>(m), .value = 30'000, .spread = 60, .unit = 1, .drift = 0, .restless = 90});
    }
    for (auto m = static_cast<std::uint16_t>(Metric::kPsiMemorySomeTotal);
         m <= static_cast<std::uint16_t>(Metric::kDiskBytes); ++m) {
      levels_.push_back({.metric = static_cast<Metric>(m),
                         .value = 1'000'000'000,
                         .spread = 20'000,
                         .unit = 1,
                         .drift = 100'000,
                         .restless = 100});
    }
    for (auto m = static_cast<std::uint16_t>(Metric::kSockSocketsUsed);
         m <= static_cast<std::uint16_t>(Metric::kSysvShmUnattachedBytes); ++m) {
      levels_.push_back({.metric = static_cast<Metric>(m),
                         .value = 1000,
                         .spread = 3,
                         .unit = 1,
                         .drift = 0,
                         .restless = m % 4 == 0 ? 1 : 60});
    }
  }

  void add_machine(model::Sample& sample) {
    for (Level& level : levels_) {
      if (static_cast<int>(below(100)) < level.restless) {
        level.value += (level.drift + spread(level.spread)) * level.unit;
        if (level.drift == 0) level.value = std::max<std::int64_t>(level.value, 0);
      }
      sample.readings.push_back({model::Registry::machine_id(), level.metric, level.value});
    }
    for (const auto& [twin, of] : kTwins) {
      const auto found = std::ranges::find(levels_, of, &Level::metric);
      sample.readings.push_back({model::Registry::machine_id(), twin, found->value});
    }
  }

  DayParts parts_;
  std::mt19937_64 random_{42};
  std::normal_distribution<double> normal_;
  Moment time_{BootTime{std::chrono::hours(50)}, WallTime{std::chrono::seconds(1'763'000'000)}, std::chrono::hours(50)};
  std::size_t done_ = 0;
  std::uint64_t next_pid_ = 0;
  std::vector<Process> processes_;
  std::vector<std::pair<model::SubjectId, model::SubjectId>> groups_;
  std::vector<Cache> caches_;
  std::vector<Level> levels_;
};

}  // namespace

std::unique_ptr<Day> make_day(const DayParts& parts) { return std::make_unique<MadeDay>(parts); }

}  // namespace leakscope::bench
