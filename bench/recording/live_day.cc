#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <thread>
#include <unordered_map>

#include "base/rooted_dir.h"
#include "base/text_cursor.h"
#include "day.h"

namespace leakscope::bench {
namespace {

using model::Metric;

// Reads as little as makes real noise; the sources of the product do this better.
class LiveDay final : public Day {
 public:
  LiveDay(RootedDir proc, std::size_t samples, Nanoseconds interval)
      : proc_(std::move(proc)), samples_(samples), interval_(interval) {}

  bool next(model::Sample& sample) override {
    if (done_ == samples_) return false;
    if (done_ > 0) std::this_thread::sleep_for(interval_);
    sample.clear();
    sample.time = SystemClock().now();
    add_keyed("meminfo", "meminfo.", 1024, sample);
    add_keyed("vmstat", "vmstat.", 1, sample);
    add_keyed("stat", "stat.", 1, sample);
    if (done_ % 3 == 0) add_slabs(sample);
    add_processes(sample);
    ++done_;
    return true;
  }

 private:
  void add_keyed(const char* file, const std::string& prefix, std::int64_t unit, model::Sample& sample) {
    const auto text = proc_.read(file, buffer_);
    if (!text) return;
    LineCursor lines(*text);
    while (const auto line = lines.next()) {
      FieldCursor fields(*line);
      std::string_view key = fields.next().value_or("");
      if (key.ends_with(':')) key.remove_suffix(1);
      const auto value = fields.next_number<std::int64_t>();
      const auto metric = model::metric_from_name(prefix + std::string(key));
      if (!value || !metric) continue;
      const bool pages = unit == 1 && model::info(*metric).unit == model::Unit::kBytes;
      sample.readings.push_back({model::Registry::machine_id(), *metric, *value * (pages ? 4096 : unit)});
    }
  }

  void add_slabs(model::Sample& sample) {
    const auto text = proc_.read("slabinfo", buffer_);
    if (!text) return;
    LineCursor lines(*text);
    while (const auto line = lines.next()) {
      FieldCursor fields(*line);
      const std::string name(fields.next().value_or(""));
      const auto active = fields.next_number<std::int64_t>();
      const auto total = fields.next_number<std::int64_t>();
      const auto size = fields.next_number<std::int64_t>();
      if (!active || !total || !size) continue;
      const auto id = registry_.intern(model::SubjectKey{model::SubjectKind::kSlabCache, name, {}});
      sample.readings.push_back({id, Metric::kSlabActiveObjects, *active});
      sample.readings.push_back({id, Metric::kSlabTotalObjects, *total});
      sample.readings.push_back({id, Metric::kSlabObjectSize, *size});
    }
  }

  void add_processes(model::Sample& sample) {
    const auto names = proc_.list(".");
    if (!names) return;
    for (const std::string& name : *names) {
      const auto pid = parse_number<std::int32_t>(name);
      if (!pid) continue;
      const auto stat = proc_.read(name + "/stat", buffer_);
      if (!stat) continue;
      const std::size_t open = stat->find('(');
      const std::size_t close = stat->rfind(')');
      if (open == std::string_view::npos || close == std::string_view::npos) continue;
      const std::string comm(stat->substr(open + 1, close - open - 1));
      FieldCursor fields(stat->substr(close + 1));
      std::int64_t value[25] = {};
      for (int i = 3; i < 25; ++i) {
        if (i == 3) {
          (void)fields.next();
        } else {
          value[i] = fields.next_number<std::int64_t>().value_or(0);
        }
      }
      const auto id = registry_.intern(model::SubjectKey{
          model::SubjectKind::kProcess, comm, ProcessId{Pid{*pid}, StartTime{static_cast<std::uint64_t>(value[22])}}});
      sample.readings.push_back({id, Metric::kProcessCpuTime, (value[14] + value[15]) * 10'000'000});
      sample.readings.push_back({id, Metric::kProcessThreads, value[20]});
      sample.readings.push_back({id, Metric::kProcessVm, value[23]});
      sample.readings.push_back({id, Metric::kProcessRssAnon, value[24] * 4096});
    }
  }

  RootedDir proc_;
  FileBuffer buffer_;
  std::size_t samples_;
  Nanoseconds interval_;
  std::size_t done_ = 0;
};

}  // namespace

std::unique_ptr<Day> watch_this_machine(std::size_t samples, Nanoseconds interval) {
  auto proc = RootedDir::open("/proc");
  if (!proc) return nullptr;
  return std::make_unique<LiveDay>(std::move(*proc), samples, interval);
}

}  // namespace leakscope::bench
