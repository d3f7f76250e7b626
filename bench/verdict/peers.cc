#include "verdict/peers.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

namespace leakscope::bench::verdict {
namespace {

struct Kendall {
  double s = 0;
  double variance = 0;
};

Kendall kendall(std::span<const double> y) {
  Kendall result;
  for (std::size_t i = 0; i < y.size(); ++i) {
    int sum = 0;
    for (std::size_t j = i + 1; j < y.size(); ++j) sum += (y[j] > y[i] ? 1 : 0) - (y[j] < y[i] ? 1 : 0);
    result.s += sum;
  }
  std::vector<double> sorted(y.begin(), y.end());
  std::sort(sorted.begin(), sorted.end());
  const auto term = [](double t) { return t * (t - 1) * (2 * t + 5) / 18; };
  result.variance = term(static_cast<double>(y.size()));
  for (auto from = sorted.begin(); from != sorted.end();) {
    const auto to = std::upper_bound(from, sorted.end(), *from);
    result.variance -= term(static_cast<double>(to - from));
    from = to;
  }
  return result;
}

double p_of(double s, double variance) {
  if (variance <= 0) return 1;
  const double z = s > 0 ? (s - 1) / std::sqrt(variance) : s < 0 ? (s + 1) / std::sqrt(variance) : 0;
  return 0.5 * std::erfc(z / std::sqrt(2.0));
}

std::vector<double> values_of(std::span<const model::Point> series) {
  std::vector<double> values;
  values.reserve(series.size());
  for (const auto& point : series) values.push_back(static_cast<double>(point.value));
  return values;
}

double sen_slope(std::span<const double> y) {
  std::vector<double> slopes;
  for (std::size_t i = 0; i < y.size(); ++i) {
    for (std::size_t j = i + 1; j < y.size(); ++j) slopes.push_back((y[j] - y[i]) / static_cast<double>(j - i));
  }
  if (slopes.empty()) return 0;
  const auto middle = slopes.begin() + static_cast<std::ptrdiff_t>(slopes.size() / 2);
  std::nth_element(slopes.begin(), middle, slopes.end());
  return *middle;
}

std::vector<double> ranks_of(std::span<const double> y) {
  std::vector<std::size_t> order(y.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return y[a] < y[b]; });
  std::vector<double> ranks(y.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t j = i;
    while (j < order.size() && y[order[j]] == y[order[i]]) ++j;
    for (std::size_t k = i; k < j; ++k) ranks[order[k]] = static_cast<double>(i + j - 1) / 2;
    i = j;
  }
  return ranks;
}

}  // namespace

double plain_mann_kendall(std::span<const model::Point> series) {
  const auto y = values_of(series);
  const Kendall k = kendall(y);
  return p_of(k.s, k.variance);
}

double hamed_rao(std::span<const model::Point> series) {
  const auto y = values_of(series);
  const auto n = static_cast<double>(y.size());
  const Kendall k = kendall(y);
  // Above 500 points the slope of every fourth point stands for that of all: the ranks hardly feel it.
  const std::size_t stride = y.size() > 500 ? 4 : 1;
  std::vector<double> thin;
  for (std::size_t i = 0; i < y.size(); i += stride) thin.push_back(y[i]);
  const double slope = sen_slope(thin) / static_cast<double>(stride);
  std::vector<double> detrended(y.size());
  for (std::size_t i = 0; i < y.size(); ++i) detrended[i] = y[i] - slope * static_cast<double>(i + 1);
  auto ranks = ranks_of(detrended);
  const double mean = (n - 1) / 2;
  double squares = 0;
  for (double& rank : ranks) {
    rank -= mean;
    squares += rank * rank;
  }
  if (squares <= 0) return p_of(k.s, k.variance);
  double sum = 0;
  const double interval = 1.959964 / std::sqrt(n);
  for (std::size_t lag = 1; lag + 1 < y.size(); ++lag) {
    double r = 0;
    for (std::size_t i = 0; i + lag < ranks.size(); ++i) r += ranks[i] * ranks[i + lag];
    r /= squares;
    const auto left = n - static_cast<double>(lag);
    if (std::abs(r) > interval) sum += left * (left - 1) * (left - 2) * r;
  }
  const double factor = 1 + std::abs(2 / (n * (n - 1) * (n - 2)) * sum);
  return p_of(k.s, k.variance * factor);
}

bool predict_linear_alarms(std::span<const model::Point> series, double range, double ahead, double hold,
                           double limit) {
  const auto seconds = [&](std::size_t i) {
    return std::chrono::duration<double>(series[i].time - series[0].time).count();
  };
  std::size_t first = 0;
  std::optional<double> since;
  double n = 0;
  double sx = 0;
  double sy = 0;
  double sxx = 0;
  double sxy = 0;
  const auto add = [&](std::size_t i, double sign) {
    const double x = seconds(i);
    const auto y = static_cast<double>(series[i].value);
    n += sign;
    sx += sign * x;
    sy += sign * y;
    sxx += sign * x * x;
    sxy += sign * x * y;
  };
  for (std::size_t i = 0; i < series.size(); ++i) {
    add(i, 1);
    while (seconds(i) - seconds(first) > range) add(first++, -1);
    const double spread = n * sxx - sx * sx;
    if (seconds(i) - seconds(first) < 0.9 * range || spread <= 0) continue;
    const double slope = (n * sxy - sx * sy) / spread;
    const double predicted = (sy - slope * sx) / n + slope * (seconds(i) + ahead);
    if (predicted <= limit) {
      since.reset();
      continue;
    }
    if (!since) since = seconds(i);
    if (seconds(i) - *since >= hold) return true;
  }
  return false;
}

}  // namespace leakscope::bench::verdict
