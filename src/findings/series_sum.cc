#include "findings/series_sum.h"

#include <algorithm>
#include <array>
#include <vector>

namespace leakscope::findings {
namespace {

using model::Point;
using model::Series;

double median(std::span<const Point> points) {
  std::array<std::int64_t, 5> values{};
  for (std::size_t i = 0; i < points.size(); ++i) values[i] = points[i].value;
  const auto end = values.begin() + static_cast<std::ptrdiff_t>(points.size());
  std::sort(values.begin(), end);
  const std::size_t middle = points.size() / 2;
  if (points.size() % 2 == 1) return static_cast<double>(values[middle]);
  return (static_cast<double>(values[middle - 1]) + static_cast<double>(values[middle])) / 2;
}

}  // namespace

Series sum_of(std::initializer_list<Term> terms) {
  Series sum;
  if (terms.size() == 0 || terms.begin()->series == nullptr) return sum;
  const Term& first = *terms.begin();
  std::vector<std::size_t> next(terms.size(), 0);
  sum.reserve(first.series->size());
  for (const Point& point : *first.series) {
    // Unsigned, so that lying files wrap instead of being undefined.
    std::uint64_t total = static_cast<std::uint64_t>(point.value) * static_cast<std::uint64_t>(first.sign);
    bool complete = true;
    std::size_t index = 0;
    for (const Term& term : terms) {
      const std::size_t i = index++;
      if (i == 0 || term.series == nullptr || term.series->empty()) continue;
      const Series& other = *term.series;
      while (next[i] < other.size() && other[next[i]].time <= point.time) ++next[i];
      if (next[i] == 0) {
        complete = false;
        continue;
      }
      total += static_cast<std::uint64_t>(other[next[i] - 1].value) * static_cast<std::uint64_t>(term.sign);
    }
    if (complete) sum.push_back({point.time, static_cast<std::int64_t>(total)});
  }
  return sum;
}

std::size_t edge_points(std::size_t size) { return std::clamp<std::size_t>(size / 20, 1, 5); }

Edges edges_of(std::span<const Point> series) {
  if (series.empty()) return {};
  const std::size_t count = edge_points(series.size());
  return {median(series.first(count)), median(series.last(count))};
}

double counted(std::span<const Point> series) {
  double sum = 0;
  for (std::size_t i = 1; i < series.size(); ++i) {
    const double step = static_cast<double>(series[i].value) - static_cast<double>(series[i - 1].value);
    sum += std::max(0.0, step);
  }
  return sum;
}

}  // namespace leakscope::findings
