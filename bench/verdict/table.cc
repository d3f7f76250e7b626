#include "verdict/table.h"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "base/time.h"
#include "verdict/peers.h"

namespace leakscope::bench::verdict {
namespace {

constexpr double kAlpha = 0.01;

std::string percent(int part, int whole) { return whole == 0 ? "-" : fmt::format("{:.1f}", 100.0 * part / whole); }

}  // namespace

void Tally::judge(std::span<const model::Point> points, const analysis::trend::Options& options, double true_rate) {
  const auto before = thread_cpu_time();
  const auto judgement = analysis::trend::judge(points, options);
  nanoseconds += static_cast<double>((thread_cpu_time() - before).count());
  ++series;
  beyond += judgement.shape == analysis::trend::Shape::kGrowing && judgement.p_value < 1e-4 ? 1 : 0;
  ++shapes[static_cast<std::size_t>(judgement.shape)];
  if (judgement.shape == analysis::trend::Shape::kGrowing && true_rate > 0 && judgement.rate) {
    rate_errors.push_back(std::abs(judgement.rate->point / true_rate - 1));
    // Without noise the interval has no width: what rounding adds is no miss.
    const double slack = 1e-6 * true_rate;
    covered += judgement.rate->lower <= true_rate + slack && true_rate <= judgement.rate->upper + slack ? 1 : 0;
  }
}

void Tally::judge_by_peers(std::span<const model::Point> points, const PredictLinear& setting) {
  ++peers_series;
  plain_mann_kendall += verdict::plain_mann_kendall(points) < kAlpha ? 1 : 0;
  hamed_rao += verdict::hamed_rao(points) < kAlpha ? 1 : 0;
  const double limit =
      setting.limit_share > 0 ? setting.limit_share * static_cast<double>(points.front().value) : setting.limit;
  predict_linear += predict_linear_alarms(points, setting.range, setting.ahead, setting.hold, limit) ? 1 : 0;
}

void print_head(const std::string& title) {
  fmt::print("\n{}\n", title);
  fmt::print(
      "| {:<57} | {:>6} | {:>7} {:>6} | {:>6} {:>6} {:>6} {:>6} {:>6} | {:>6} | {:>6} | {:>6} | {:>6} | {:>6} | {:>8} "
      "|\n",
      "class", "series", "GROWING", "p<1e-4", "satur.", "step", "load", "flat", "insuff", "MK", "Ham-R", "pred_l",
      "rate+-", "in CI", "us/judge");
}

void print_row(const std::string& name, bool leaks, const Tally& tally) {
  auto errors = tally.rate_errors;
  std::sort(errors.begin(), errors.end());
  const auto share = [&](int part) { return percent(part, tally.series); };
  const auto peer = [&](int part) { return percent(part, tally.peers_series); };
  fmt::print(
      "| {} {:<55} | {:>6} | {:>7} {:>6} | {:>6} {:>6} {:>6} {:>6} {:>6} | {:>6} | {:>6} | {:>6} | {:>6} | {:>6} | "
      "{:>8.1f} "
      "|\n",
      leaks ? "+" : "-", name, tally.series, share(tally.shapes[0]), share(tally.beyond), share(tally.shapes[1]),
      share(tally.shapes[2]), share(tally.shapes[3]), share(tally.shapes[4]), share(tally.shapes[5]),
      peer(tally.plain_mann_kendall), peer(tally.hamed_rao), peer(tally.predict_linear),
      errors.empty() ? "-" : fmt::format("{:.1f}", 100 * errors[errors.size() / 2]),
      percent(tally.covered, static_cast<int>(errors.size())), tally.nanoseconds / 1000 / std::max(1, tally.series));
}

}  // namespace leakscope::bench::verdict
