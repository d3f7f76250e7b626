#include <algorithm>
#include <cmath>
#include <numbers>

#include "verdict/classes.h"

namespace leakscope::bench::verdict {
namespace {

constexpr double kMiB = 1024.0 * 1024;

/// Requests per second at second t of a window.
using Requests = std::function<double(double t)>;
using Drawn = std::function<Requests(Random&, double length)>;

Requests steady(Random&, double) {
  return [](double) { return 100.0; };
}
Requests rising(Random&, double length) {
  return [=](double t) { return 50 + 150 * t / length; };
}
Requests wavy_rise(Random& random, double length) {
  const double phase = random.uniform();
  return [=](double t) {
    return 80 + 120 * t / length + 40 * std::sin(2 * std::numbers::pi * (3.3 * t / length + phase));
  };
}

// Memory = base + held per request under way * rate + leaked per request * requests done + leaked per second * t.
LoadClass counted(std::string name, bool leaks, const Drawn& requests, double held, double per_request,
                  double per_second) {
  return {std::move(name), leaks, true, [=](Random& random, int points) {
            const Requests rate = requests(random, points - 1);
            LoadClass::Pair pair;
            double done = 0;
            std::vector<double> memory;
            std::vector<double> counter;
            for (int i = 0; i < points; ++i) {
              const double now = rate(i) * (1 + 0.05 * random.normal());
              done += now;
              memory.push_back(300 * kMiB + held * now + per_request * done + per_second * i + 65536 * random.normal());
              counter.push_back(1e6 + done);
            }
            return LoadClass::Pair{series_of(memory, 1), series_of(counter, 1)};
          }};
}

LoadClass gauged(std::string name, bool leaks, const Drawn& requests, double held, double per_second) {
  return {std::move(name), leaks, false, [=](Random& random, int points) {
            const Requests rate = requests(random, points - 1);
            std::vector<double> memory;
            std::vector<double> gauge;
            for (int i = 0; i < points; ++i) {
              const double now = rate(i) * (1 + 0.02 * random.normal());
              memory.push_back(300 * kMiB + held * now + per_second * i + 65536 * random.normal());
              gauge.push_back(now);
            }
            return LoadClass::Pair{series_of(memory, 1), series_of(gauge, 1)};
          }};
}

}  // namespace

std::vector<LoadClass> load_classes() {
  return {
      counted("memory per request under way, rising load (counter)", false, rising, 0.5 * kMiB, 0, 0),
      counted("memory per request under way, wavy rising load (counter)", false, wavy_rise, 0.5 * kMiB, 0, 0),
      gauged("memory per connection, wavy rising load (gauge)", false, wavy_rise, 0.5 * kMiB, 0),
      counted("leak per request, steady load (counter)", true, steady, 0, 20480, 0),
      counted("leak per request, rising load (counter)", true, rising, 0, 20480, 0),
      counted("leak per request, wavy rising load (counter)", true, wavy_rise, 0, 20480, 0),
      counted("leak per second, steady load (counter)", true, steady, 0.05 * kMiB, 0, 2 * kMiB),
      counted("leak per second, wavy rising load (counter)", true, wavy_rise, 0.02 * kMiB, 0, 2 * kMiB),
      gauged("leak per second, wavy rising load (gauge)", true, wavy_rise, 0.02 * kMiB, 2 * kMiB),
  };
}

}  // namespace leakscope::bench::verdict
