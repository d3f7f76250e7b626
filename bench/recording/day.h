#pragma once

#include <memory>

#include "model/registry.h"
#include "model/sample.h"

namespace leakscope::bench {

/// What a day brings: samples one after the other, five seconds apart.
class Day {
 public:
  Day() = default;
  Day(const Day&) = delete;
  Day& operator=(const Day&) = delete;
  virtual ~Day() = default;
  /// False when the day is over.
  virtual bool next(model::Sample& sample) = 0;
  [[nodiscard]] model::Registry& registry() { return registry_; }

 protected:
  model::Registry registry_;
};

/// What the made day consists of.
struct DayParts {
  std::size_t processes = 300;
  std::size_t metrics = 10;  ///< per process, at most 16
  std::size_t caches = 200;
  bool machine = true;
  bool groups = false;  ///< one group for five processes, and a cgroup for each group
  std::size_t samples = 17'280;
};

/// The model of docs/recording.md, "Size of a day".
[[nodiscard]] std::unique_ptr<Day> make_day(const DayParts& parts);
/// This machine, for so many samples: what /proc/meminfo, vmstat, stat, buddyinfo, slabinfo and all PID/stat and statm
/// say. It waits between samples.
[[nodiscard]] std::unique_ptr<Day> watch_this_machine(std::size_t samples, Nanoseconds interval);

}  // namespace leakscope::bench
