#include "findings/struggle.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "findings/series_sum.h"
#include "findings/text.h"

namespace leakscope::findings {
namespace {

using model::Metric;
using model::Observation;
using model::Registry;

double counted_on(const Observation& observation, Metric metric) {
  const model::Series* series = observation.find(metric);
  return series == nullptr ? 0 : counted(*series);
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
    say(Metric::kVmstatPswpout, fmt::format("it swaps: {}/s out, {}/s in", bytes(out), bytes(in)));
  }
  void scanning() {
    const double scanned = per_second(Metric::kVmstatPgscan);
    if (scanned < 1000) return;
    const double stolen = per_second(Metric::kVmstatPgsteal);
    const double direct = counted_on(observation_, Metric::kVmstatAllocStall);
    say(Metric::kVmstatPgscan,
        fmt::format("it reclaims: {} pages/s scanned, {:.0f} % of them taken{}", count(scanned),
                    100 * std::min(1.0, stolen / scanned),
                    direct >= 1 ? fmt::format(", {} allocations had to wait for it", count(direct)) : std::string()));
  }
  void stalls() {
    const double some = per_second(Metric::kPsiMemorySomeTotal) / 1e9;
    const double full = per_second(Metric::kPsiMemoryFullTotal) / 1e9;
    if (some < 0.01) return;
    say(Metric::kPsiMemorySomeTotal,
        fmt::format("tasks waited for memory in {:.1f} % of the time, all of them in {:.1f} %", 100 * some,
                    100 * full));
  }
  /// One task that writes a backup waits for it all the time it takes: short waits say nothing.
  void waits_for_disks() {
    constexpr double kNotable = 0.3;
    const double some = per_second(Metric::kPsiIoSomeTotal) / 1e9;
    if (some < kNotable) return;
    say(Metric::kPsiIoSomeTotal, fmt::format("tasks waited for I/O in {:.1f} % of the time", 100 * some));
  }
  void faults() {
    const double major = per_second(Metric::kVmstatPgmajfault);
    if (major < 100) return;
    say(Metric::kVmstatPgmajfault, fmt::format("{} page faults per second read from disk", count(major)));
  }
  void kills() {
    const double killed = counted_on(observation_, Metric::kVmstatOomKill);
    if (killed < 1) return;
    const auto for_a_limit =
        static_cast<double>(std::ranges::count_if(observation_.events, [](const model::Event& event) {
          return event.kind == model::EventKind::kOomKill && event.text.find("Memory cgroup") != std::string::npos;
        }));
    say(Metric::kVmstatOomKill,
        fmt::format("the OOM killer ended {} {}{}", count(killed), killed < 2 ? "process" : "processes",
                    for_a_limit >= killed ? ", for the limit of a cgroup" : ""));
  }
  void switching() {
    const auto cpus = static_cast<double>(std::max<std::int64_t>(observation_.host.cpus.value_or(1), 1));
    constexpr double kBusy = 50000;
    for (const auto& [metric, words] :
         {std::pair{Metric::kStatContextSwitches, "context switches"}, {Metric::kStatInterrupts, "interrupts"}}) {
      const double rate = per_second(metric) / cpus;
      if (rate >= kBusy) say(metric, fmt::format("{} {} per second and CPU", count(rate), words));
    }
  }
  void limit(Metric level, Metric most, std::string_view words) {
    const auto at = observation_.last(Registry::machine_id(), level);
    const auto limit = observation_.last(Registry::machine_id(), most);
    if (!at || !limit || *limit <= 0 || static_cast<double>(*at) < 0.9 * static_cast<double>(*limit)) return;
    say(level, fmt::format("{} of at most {} {} are in use", with_commas(*at), with_commas(*limit), words));
  }
  [[nodiscard]] std::vector<Struggle> take() { return std::move(signs_); }

 private:
  void say(Metric metric, std::string text) { signs_.push_back({metric, std::move(text)}); }
  [[nodiscard]] double per_second(Metric metric) const { return counted_on(observation_, metric) / seconds_; }
  static std::string bytes(double amount) { return amount_text(model::Unit::kBytes, amount); }
  static std::string count(double amount) { return amount_text(model::Unit::kCount, amount); }

  const Observation& observation_;
  double seconds_;
  double page_;
  std::vector<Struggle> signs_;
};

}  // namespace

std::vector<Struggle> struggle_of(const Facts& facts) {
  Signs signs(facts);
  signs.kills();
  signs.swapping();
  signs.scanning();
  signs.stalls();
  signs.faults();
  signs.waits_for_disks();
  signs.switching();
  signs.limit(Metric::kFileAllocated, Metric::kFileMax, "open files");
  signs.limit(Metric::kTasksTotal, Metric::kPidMax, "threads");
  signs.limit(Metric::kConntrackCount, Metric::kConntrackMax, "tracked connections");
  return signs.take();
}

}  // namespace leakscope::findings
