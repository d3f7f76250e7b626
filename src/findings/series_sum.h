#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>

#include "model/series.h"

namespace leakscope::findings {

/// One series and the sign with which it goes into a sum.
struct Term {
  const model::Series* series = nullptr;
  int sign = 1;
};

/// The terms added up at the times of the first; of the others the last value at or before that time counts. A term
/// that is absent counts nothing; times before an other term's first point are left out, because a sum that lacks one
/// of its parts would rise when that part is first seen.
[[nodiscard]] model::Series sum_of(std::initializer_list<Term> terms);

/// How many points at each end of a series stand for its start and its end: a twentieth of them, five at most.
[[nodiscard]] std::size_t edge_points(std::size_t size);

/// Where a series stood at the start and at the end of its window: medians of its first and last points
/// (edge_points()), so that in all but short series one odd reading moves neither.
struct Edges {
  double start = 0;
  double end = 0;
  [[nodiscard]] double rise() const { return end - start; }
};
[[nodiscard]] Edges edges_of(std::span<const model::Point> series);

/// What a counter counted over its points; where it starts anew it counts nothing.
[[nodiscard]] double counted(std::span<const model::Point> series);

}  // namespace leakscope::findings
