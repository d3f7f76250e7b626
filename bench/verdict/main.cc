#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <string_view>

#include <fmt/core.h>

#include "base/time.h"
#include "verdict/classes.h"
#include "verdict/hosts.h"
#include "verdict/table.h"

namespace leakscope::bench::verdict {

model::Series series_of(const std::vector<double>& values, double period_seconds) {
  model::Series series;
  series.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto time = static_cast<std::int64_t>(static_cast<double>(i) * period_seconds * 1e9) + 1'000'000'000'000;
    series.push_back({BootTime{std::chrono::nanoseconds(time)}, std::llround(values[i])});
  }
  return series;
}

namespace {

constexpr std::uint64_t kSeed = 20260101;
// 24 h ahead from 6 h, held for 1 h, against a quarter above the level; live: 4 h ahead from the window, twice the
// level.
constexpr PredictLinear kLongRule{6 * 3600, 24 * 3600, 3600, 0, 125'000};
constexpr PredictLinear kHostRule{6 * 3600, 24 * 3600, 3600, 0, 100'000};
constexpr PredictLinear kLiveRule{50, 4 * 3600, 0, 2, 0};

void run(const std::vector<Class>& classes, const std::string& title, int points, int series, int peers,
         const PredictLinear& rule) {
  print_head(title);
  std::uint64_t seed = kSeed;
  for (const Class& one : classes) {
    Tally tally;
    Random random(++seed);
    for (int i = 0; i < series; ++i) {
      const auto points_of_one = one.make(random, points);
      tally.judge(points_of_one, {}, one.rate);
      if (i < peers) tally.judge_by_peers(points_of_one, rule);
    }
    print_row(one.name, one.leaks, tally);
  }
}

void run_loads(int points, int series) {
  print_head(fmt::format("Live windows with a load beside: {} s at 1 s, {} series each", points - 1, series));
  std::uint64_t seed = kSeed;
  for (const LoadClass& one : load_classes()) {
    Tally tally;
    Random random(++seed);
    for (int i = 0; i < series; ++i) {
      const auto pair = one.make(random, points);
      analysis::trend::Options options;
      options.covariates.push_back({"requests", &pair.load, one.is_counter});
      tally.judge(pair.memory, options, 0);
    }
    print_row(one.name, one.leaks, tally);
  }
}

// CPU time of judge() where the tables above do not show it.
void run_speed() {
  const auto time = [](const std::string& name, const model::Series& series, int repeats) {
    const auto before = thread_cpu_time();
    int judged = 0;
    for (int i = 0; i < repeats; ++i) judged += analysis::trend::judge(series, {}).blocks > 0 ? 1 : 0;
    const auto spent = static_cast<double>((thread_cpu_time() - before).count());
    fmt::print("{:<40} {:>10.2f} us each, of {}\n", name, spent / 1000 / repeats, judged);
  };
  fmt::print("\nTime of one judgement\n");
  time("60 equal points", series_of(std::vector<double>(60, 5e7), 1), 100'000);
  Random random(kSeed);
  std::vector<double> noise(100'000);
  std::vector<double> leak(100'000);
  for (std::size_t i = 0; i < noise.size(); ++i) {
    noise[i] = 1e9 + 1e6 * random.normal();
    leak[i] = noise[i] + 5000 * static_cast<double>(i);
  }
  time("100,000 points of noise", series_of(noise, 5), 50);
  time("100,000 points of a leak", series_of(leak, 5), 50);
  noise.resize(60);
  leak.resize(60);
  for (std::size_t i = 0; i < leak.size(); ++i) leak[i] = noise[i] + 1e6 * static_cast<double>(i);
  time("60 points of noise", series_of(noise, 1), 20'000);
  time("60 points of a leak", series_of(leak, 1), 20'000);
}

// Windows of `days`, one after the other, as many as fit.
void run_hosts(const std::vector<Host>& hosts, double days, bool with_peers) {
  Tally tally;
  int hosts_flagged = 0;
  const auto points = static_cast<std::size_t>(days * 288);
  for (const Host& host : hosts) {
    const int before = tally.growing();
    // A host that lacks a few points of its last window still has that window.
    for (std::size_t first = 0; first + points * 98 / 100 <= host.series.size(); first += points) {
      const std::span window = std::span(host.series).subspan(first, std::min(points, host.series.size() - first));
      tally.judge(window, {}, 0);
      if (with_peers) tally.judge_by_peers(window, kHostRule);
    }
    hosts_flagged += tally.growing() > before ? 1 : 0;
  }
  print_row(fmt::format("{} hosts, windows of {} h ({} hosts flagged)", hosts.size(), days * 24, hosts_flagged), false,
            tally);
}

int main(int argc, char** argv) {
  fmt::print(
      "Shares in percent of the series. GROWING is an alarm: false in classes marked -, right in those marked +.\n"
      "MK, Ham-R: one-sided p < 0.01. pred_l: predict_linear. rate+-: median error of the rate of those found;\n"
      "in CI: share of their 95 % intervals that hold the true rate. Seed {}.\n",
      kSeed);
  run(live_classes(), "Live windows: 60 s at 1 s", 61, 1000, 200, kLiveRule);
  run(live_classes(), "Live windows: 10 min at 1 s", 601, 300, 50, kLiveRule);
  run_loads(61, 500);
  run(long_classes(), "1 day at 5 min", 288, 400, 100, kLongRule);
  run(long_classes(), "3 days at 5 min", 864, 400, 40, kLongRule);
  run(long_classes(), "7 days at 5 min", 2016, 200, 20, kLongRule);
  run({aim_class()}, "The aim: found by day 3 in 95 % and more", 864, 2000, 0, kLongRule);
  run_speed();
  if (argc < 2) {
    fmt::print("\nHosts: no folder of series was given: not measured.\n");
    return 0;
  }
  const auto hosts = read_hosts(argv[1]);
  if (hosts.empty()) {
    fmt::print("\nHosts: no series in {}: not measured.\n", argv[1]);
    return 1;
  }
  print_head("Real hosts, unlabelled: every alarm counts as false");
  run_hosts(hosts, 0.25, false);
  run_hosts(hosts, 1, true);
  run_hosts(hosts, 3, false);
  run_hosts(hosts, 7, true);
  return 0;
}

}  // namespace
}  // namespace leakscope::bench::verdict

int main(int argc, char** argv) { return leakscope::bench::verdict::main(argc, argv); }
