#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analysis/trend/trend.h"
#include "model/series.h"
#include "verdict/random.h"

namespace leakscope::bench::verdict {

/// A kind of series that can be made at will, with the truth about it.
struct Class {
  std::string name;
  bool leaks = false;
  double rate = 0;  ///< leaks: the true rate per second, in the series' unit
  std::function<model::Series(Random&, int points)> make;
};

/// 5-minute points around a level of 100 (in thousandths), noise as said in the name.
[[nodiscard]] std::vector<Class> long_classes();
/// The leak of the project's aim: 5 %/day in AR(1) 0.9.
[[nodiscard]] Class aim_class();
/// 1-second points of a process or counter, bytes in pages or counts.
[[nodiscard]] std::vector<Class> live_classes();

/// Memory with a load beside it, and the states that are right.
struct LoadClass {
  std::string name;
  bool leaks = false;
  bool is_counter = false;
  struct Pair {
    model::Series memory;
    model::Series load;
  };
  std::function<Pair(Random&, int points)> make;
};
[[nodiscard]] std::vector<LoadClass> load_classes();

/// Points every `period` from values.
[[nodiscard]] model::Series series_of(const std::vector<double>& values, double period_seconds);

}  // namespace leakscope::bench::verdict
