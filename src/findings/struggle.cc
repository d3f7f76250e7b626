#include "findings/struggle.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

#include "findings/text.h"

namespace leakscope::findings {
namespace {

using model::Metric;
using model::Observation;
using model::Registry;

/// What a counter counted in the window; a reset counts nothing.
double counted(const Observation& observation, Metric metric) {
  const model::Series* series = observation.find(metric);
  if (series == nullptr) return 0;
  double sum = 0;
  for (std::size_t i = 1; i < series->size(); ++i) {
    const double step = static_cast<double>((*series)[i].value) - static_cast<double>((*series)[i - 1].value);
    sum += std::max(0.0, step);
  }
  return sum;
}

class Signs {
 public:
  explicit Signs(const Facts& facts)
      : observation_(facts.observation()),
        seconds_(std::max(1e-3, std::chrono::duration<double>(facts.length()).count())),
        page_(static_cast<double>(observation_.host.page_size.bytes)) {}

  void swapping() {
    const double out = per_second(Metric::kVmstatPswpout) * page_;
    const double in = per_second(Metric::kVmstatPswpin) * page_;
    constexpr double kNotable = 128 * 1024;
    if (out + in < kNotable) return;
    say(fmt::format("it swaps: {}/s out, {}/s in (/proc/vmstat)", bytes(out), bytes(in)));
  }
  void scanning() {
    const double scanned = per_second(Metric::kVmstatPgscan);
    if (scanned < 1000) return;
    const double stolen = per_second(Metric::kVmstatPgsteal);
    const double direct = counted(observation_, Metric::kVmstatAllocStall);
    say(fmt::format("it reclaims: {} pages/s scanned, {:.0f} % of them taken{} (/proc/vmstat)", count(scanned),
                    100 * std::min(1.0, stolen / scanned),
                    direct >= 1 ? fmt::format(", {} allocations had to wait for it", count(direct)) : std::string()));
  }
  void stalls() {
    const double some = per_second(Metric::kPsiMemorySomeTotal) / 1e9;
    const double full = per_second(Metric::kPsiMemoryFullTotal) / 1e9;
    if (some < 0.01) return;
    say(fmt::format("tasks waited for memory in {:.1f} % of the time, all of them in {:.1f} % (/proc/pressure/memory)",
                    100 * some, 100 * full));
  }
  void faults() {
    const double major = per_second(Metric::kVmstatPgmajfault);
    if (major < 100) return;
    say(fmt::format("{} page faults per second read from disk (/proc/vmstat)", count(major)));
  }
  void kills() {
    const double killed = counted(observation_, Metric::kVmstatOomKill);
    if (killed < 1) return;
    const auto for_a_limit =
        static_cast<double>(std::ranges::count_if(observation_.events, [](const model::Event& event) {
          return event.kind == model::EventKind::kOomKill && event.text.find("Memory cgroup") != std::string::npos;
        }));
    say(fmt::format("the OOM killer ended {} {}{} (/proc/vmstat)", count(killed), killed < 2 ? "process" : "processes",
                    for_a_limit >= killed ? ", for the limit of a cgroup" : ""));
  }
  void switching() {
    const auto cpus = static_cast<double>(std::max<std::int64_t>(observation_.host.cpus.value_or(1), 1));
    constexpr double kBusy = 50000;
    const double switches = per_second(Metric::kStatContextSwitches) / cpus;
    const double interrupts = per_second(Metric::kStatInterrupts) / cpus;
    if (switches >= kBusy) say(fmt::format("{} context switches per second and CPU (/proc/stat)", count(switches)));
    if (interrupts >= kBusy) say(fmt::format("{} interrupts per second and CPU (/proc/stat)", count(interrupts)));
  }
  void limit(Metric level, Metric most, std::string_view words) {
    const auto at = observation_.last(Registry::machine_id(), level);
    const auto limit = observation_.last(Registry::machine_id(), most);
    if (!at || !limit || *limit <= 0 || static_cast<double>(*at) < 0.9 * static_cast<double>(*limit)) return;
    say(fmt::format("{} of at most {} {} are in use ({})", with_commas(*at), with_commas(*limit), words,
                    model::info(level).source));
  }
  [[nodiscard]] std::vector<std::string> take() { return std::move(sentences_); }

 private:
  void say(std::string sentence) { sentences_.push_back(std::move(sentence)); }
  [[nodiscard]] double per_second(Metric metric) const { return counted(observation_, metric) / seconds_; }
  static std::string bytes(double amount) { return amount_text(model::Unit::kBytes, amount); }
  static std::string count(double amount) { return amount_text(model::Unit::kCount, amount); }

  const Observation& observation_;
  double seconds_;
  double page_;
  std::vector<std::string> sentences_;
};

}  // namespace

std::vector<std::string> struggle_of(const Facts& facts) {
  Signs signs(facts);
  signs.kills();
  signs.swapping();
  signs.scanning();
  signs.stalls();
  signs.faults();
  signs.switching();
  signs.limit(Metric::kFileAllocated, Metric::kFileMax, "open files");
  signs.limit(Metric::kTasksTotal, Metric::kPidMax, "threads");
  signs.limit(Metric::kConntrackCount, Metric::kConntrackMax, "tracked connections");
  return signs.take();
}

}  // namespace leakscope::findings
