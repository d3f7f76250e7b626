#include <cmath>
#include <numbers>

#include "verdict/classes.h"

namespace leakscope::bench::verdict {
namespace {

constexpr double kPerDay = 288;
constexpr double kPeriod = 300;
constexpr double kScale = 1000;

using Shape = std::function<double(Random&, double day)>;

// Noise and then a shape: what is random in the shape is drawn once per series, by `prepare`.
model::Series make(Random& random, int points, double phi, double innovation, double level,
                   const std::function<double(double day)>& shape) {
  std::vector<double> values;
  double noise = phi < 1 ? random.normal() * innovation / std::sqrt(1 - phi * phi) : 0;
  for (int i = 0; i < points; ++i) {
    noise = phi * noise + innovation * random.normal();
    values.push_back(kScale * (level + noise + shape(i / kPerDay)));
  }
  return series_of(values, kPeriod);
}

double sawtooth(double day, double phase, double periods_per_day, double height) {
  const double turns = day * periods_per_day + phase;
  return height * (turns - std::floor(turns));
}

Class noise(std::string name, double phi, double level) {
  return {std::move(name), false, 0,
          [=](Random& random, int points) { return make(random, points, phi, 1, level, [](double) { return 0.0; }); }};
}

Class warm_up(std::string name, double hours) {
  return {std::move(name), false, 0, [=](Random& random, int points) {
            return make(random, points, 0, 1, 100, [=](double day) { return 30 * (1 - std::exp(-day * 24 / hours)); });
          }};
}

Class leak(std::string name, double per_day, double phi, const std::function<Shape(Random&)>& beside) {
  return {std::move(name), true, per_day * kScale / 86400, [=](Random& random, int points) {
            const Shape shape = beside(random);
            return make(random, points, phi, 1, 100, [&](double day) { return per_day * day + shape(random, day); });
          }};
}

Shape nothing(Random&) {
  return [](Random&, double) { return 0.0; };
}

Shape daily_sine(Random& random) {
  const double phase = random.uniform();
  return [=](Random&, double day) { return 10 * std::sin(2 * std::numbers::pi * (day + phase)); };
}

Shape three_hour_teeth(Random& random) {
  const double phase = random.uniform();
  return [=](Random&, double day) { return sawtooth(day, phase, 8, 30); };
}

std::vector<Class> nulls() {
  std::vector<Class> classes = {noise("AR(1) 0.9", 0.9, 100), noise("AR(1) 0.99", 0.99, 100),
                                noise("random walk (level 300)", 1, 300)};
  classes.push_back({"daily sine 10 %", false, 0, [](Random& random, int points) {
                       const Shape sine = daily_sine(random);
                       return make(random, points, 0, 1, 100, [&](double day) { return sine(random, day); });
                     }});
  classes.push_back(warm_up("warm-up to +30 %, tau 2 h", 2));
  classes.push_back(warm_up("warm-up to +30 %, tau 6 h", 6));
  classes.push_back(warm_up("warm-up to +30 %, tau 24 h", 24));
  classes.push_back({"one step of 20 %", false, 0, [](Random& random, int points) {
                       const double at = random.uniform(0.1, 0.9) * points / kPerDay;
                       return make(random, points, 0, 1, 100, [=](double day) { return day < at ? 0.0 : 20.0; });
                     }});
  classes.push_back({"ramp of 20 % for 10-60 %, then flat", false, 0, [](Random& random, int points) {
                       const double end = random.uniform(0.1, 0.6) * points / kPerDay;
                       return make(random, points, 0, 1, 100,
                                   [=](double day) { return 20 * std::min(1.0, day / end); });
                     }});
  classes.push_back({"GC sawtooth 30 %, 3 h", false, 0, [](Random& random, int points) {
                       const Shape teeth = three_hour_teeth(random);
                       return make(random, points, 0, 1, 100, [&](double day) { return teeth(random, day); });
                     }});
  return classes;
}

}  // namespace

Class aim_class() { return leak("leak 5 %/day + AR(1) 0.9", 5, 0.9, nothing); }

std::vector<Class> long_classes() {
  std::vector<Class> classes = nulls();
  classes.push_back(aim_class());
  classes.push_back(leak("leak 5 %/day + AR(1) 0.99", 5, 0.99, nothing));
  classes.push_back(leak("leak 10 %/day + sawtooth 30 %, 3 h", 10, 0, three_hour_teeth));
  classes.push_back(leak("leak 10 %/day + daily sine 10 %", 10, 0, daily_sine));
  classes.push_back(leak("leak 2 %/day + daily sine 10 %", 2, 0, daily_sine));
  classes.push_back({"leak 10 %/day in 20 even stairs", true, 10 * kScale / 86400, [](Random& random, int points) {
                       const double phase = random.uniform();
                       return make(random, points, 0, 0.1, 100,
                                   [=](double day) { return 0.5 * std::floor(day * 20 + phase); });
                     }});
  classes.push_back({"leak 10 %/day in 20 random stairs", true, 10 * kScale / 86400, [](Random& random, int points) {
                       double sum = 0;
                       return make(random, points, 0, 0.1, 100,
                                   [&](double) { return sum += 0.5 * random.poisson(20 / kPerDay); });
                     }});
  return classes;
}

}  // namespace leakscope::bench::verdict
