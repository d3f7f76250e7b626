#include <algorithm>
#include <cmath>

#include "verdict/classes.h"

namespace leakscope::bench::verdict {
namespace {

constexpr double kPage = 4096;
constexpr double kKiB = 1024;
constexpr double kMiB = 1024 * kKiB;
constexpr double kLevel = 200 * kMiB;

/// The value at second t of T, in bytes above the level.
using Curve = std::function<double(double t)>;
using Maker = std::function<Curve(Random&, double length)>;

model::Series in_pages(Random& random, int points, double noise, double phi, double level, const Curve& curve) {
  std::vector<double> values;
  double e = noise * random.normal();
  const double innovation = noise * std::sqrt(1 - phi * phi);
  for (int i = 0; i < points; ++i) {
    e = phi * e + innovation * random.normal();
    values.push_back(kPage * std::round((level + e + curve(i)) / kPage));
  }
  return series_of(values, 1);
}

Class null_class(std::string name, double noise, double phi, const Maker& maker) {
  return {std::move(name), false, 0, [=](Random& random, int points) {
            const Curve curve = maker(random, points - 1);
            return in_pages(random, points, noise, phi, kLevel, curve);
          }};
}

Class leak_class(std::string name, double rate, double noise, double phi, double level, const Maker& maker) {
  return {std::move(name), true, rate, [=](Random& random, int points) {
            const Curve curve = maker(random, points - 1);
            return in_pages(random, points, noise, phi, level, curve);
          }};
}

Curve flat(Random&, double) {
  return [](double) { return 0.0; };
}

Maker line(double rate) {
  return [=](Random&, double) -> Curve { return [=](double t) { return rate * t; }; };
}

Maker ramp_then_flat(double from, double to, double height) {
  return [=](Random& random, double length) -> Curve {
    const double end = length * random.uniform(from, to);
    return [=](double t) { return height * std::min(1.0, t / end); };
  };
}

Maker teeth(double least, double most, double height) {
  return [=](Random& random, double length) -> Curve {
    const double period = length / random.uniform(least, most);
    const double phase = random.uniform();
    return [=](double t) { return height * (t / period + phase - std::floor(t / period + phase)); };
  };
}

Curve two_ramps(Random& random, double length) {
  const double first = length * random.uniform(0.1, 0.25);
  const double pause = length * random.uniform(0.1, 0.25);
  const double second = length * random.uniform(0.1, 0.25);
  return [=](double t) {
    return 40 * kMiB * (std::min(1.0, t / first) + std::clamp((t - first - pause) / second, 0.0, 1.0));
  };
}

Curve two_steps(Random& random, double length) {
  const double a = length * random.uniform(0.1, 0.5);
  const double b = length * random.uniform(0.5, 0.9);
  return [=](double t) { return 32 * kMiB * ((t >= a ? 1 : 0) + (t >= b ? 1 : 0)); };
}

Curve job_that_ends(Random& random, double length) {
  const double top = length * random.uniform(0.3, 0.7);
  const double end = length * random.uniform(0.75, 0.97);
  return [=](double t) { return t < top ? 60 * kMiB * t / top : t < end ? 60 * kMiB : 0.0; };
}

// Buffers of random size that come and go.
Curve buffers(Random& random, double length) {
  std::vector<std::array<double, 3>> spans;
  for (int i = 0; i < 12; ++i) {
    const double from = random.uniform(-0.2, 1) * length;
    spans.push_back({from, from + random.uniform(0.02, 0.3) * length, random.uniform(1, 40) * kMiB});
  }
  return [=](double t) {
    double sum = 0;
    for (const auto& [from, to, size] : spans) sum += t >= from && t < to ? size : 0;
    return sum;
  };
}

std::vector<Class> nulls() {
  std::vector<Class> classes = {
      null_class("white noise 64 KiB", 64 * kKiB, 0, flat),
      null_class("AR(1) 0.9 noise 1 MiB", kMiB, 0.9, flat),
      null_class("AR(1) 0.99 noise 1 MiB", kMiB, 0.99, flat),
      null_class("plateau after a ramp of 10-35 %", 16 * kKiB, 0, ramp_then_flat(0.1, 0.35, 50 * kMiB)),
      null_class("plateau after a ramp of 35-80 %", 16 * kKiB, 0, ramp_then_flat(0.35, 0.8, 50 * kMiB)),
      null_class("plateau, no noise, ramp of 10-80 %", 0, 0, ramp_then_flat(0.1, 0.8, 50 * kMiB)),
      null_class("two ramps, then flat", 16 * kKiB, 0, two_ramps),
      null_class("warm-up, tau 1/8 to 1/3 of the window", 64 * kKiB, 0,
                 [](Random& random, double length) -> Curve {
                   const double tau = length / random.uniform(3, 8);
                   return [=](double t) { return 50 * kMiB * (1 - std::exp(-t / tau)); };
                 }),
      null_class("one step", 64 * kKiB, 0,
                 [](Random& random, double length) -> Curve {
                   const double at = length * random.uniform(0.05, 0.95);
                   return [=](double t) { return t < at ? 0.0 : 64 * kMiB; };
                 }),
      null_class("two steps", 64 * kKiB, 0, two_steps),
      null_class("sawtooth, 2.5 to 8 periods", 64 * kKiB, 0, teeth(2.5, 8, 100 * kMiB)),
      null_class("sawtooth, 1.1 to 2.5 periods", 64 * kKiB, 0, teeth(1.1, 2.5, 100 * kMiB)),
      null_class("sawtooth to zero, 1.1 to 8 periods", 64 * kKiB, 0, teeth(1.1, 8, 1000 * kMiB)),
      null_class("buffers that come and go", 64 * kKiB, 0, buffers),
      null_class("job that ends in the window", 64 * kKiB, 0, job_that_ends),
  };
  classes.push_back({"random walk in pages", false, 0, [](Random& random, int points) {
                       double walk = 0;
                       return in_pages(random, points, 0, 0, kLevel,
                                       [&](double) { return walk += 100 * kPage * random.normal(); });
                     }});
  classes.push_back({"random walk of +-64-page batches", false, 0, [](Random& random, int points) {
                       double walk = 0;
                       return in_pages(random, points, 0, 0, kLevel, [&](double) {
                         const double u = random.uniform();
                         return walk += u < 0.15 ? -64 * kPage : u < 0.3 ? 64 * kPage : 0;
                       });
                     }});
  return classes;
}

Class count_leak(std::string name, double rate) {
  return {std::move(name), true, rate, [=](Random& random, int points) {
            const double phase = random.uniform();
            std::vector<double> values(static_cast<std::size_t>(points));
            for (std::size_t i = 0; i < values.size(); ++i) {
              values[i] = 20 + std::floor(rate * static_cast<double>(i) + phase);
            }
            return series_of(values, 1);
          }};
}

}  // namespace

std::vector<Class> live_classes() {
  std::vector<Class> classes = nulls();
  classes.push_back(
      leak_class("leak 2 MiB/s, level 1 GiB, noise 64 KiB", 2 * kMiB, 64 * kKiB, 0, 1024 * kMiB, line(2 * kMiB)));
  classes.push_back(
      leak_class("leak 2 MiB/s, level 24 GiB, AR(1) 0.9 1 MiB", 2 * kMiB, kMiB, 0.9, 24 * 1024 * kMiB, line(2 * kMiB)));
  classes.push_back(leak_class("leak 64 KiB/s, noise 64 KiB", 64 * kKiB, 64 * kKiB, 0, kLevel, line(64 * kKiB)));
  classes.push_back(leak_class("leak 8 KiB/s, no noise", 8 * kKiB, 0, 0, kLevel, line(8 * kKiB)));
  classes.push_back(count_leak("leak of 1 descriptor/s", 1));
  classes.push_back(count_leak("leak of 1 descriptor per 3 s", 1.0 / 3));
  classes.push_back({"leak in random MiB, one per 3 s", true, kMiB / 3, [](Random& random, int points) {
                       double sum = 0;
                       return in_pages(random, points, 0, 0, kLevel,
                                       [&](double) { return sum += kMiB * random.poisson(1.0 / 3); });
                     }});
  classes.push_back(leak_class("leak in stairs of 4 MiB per 5 s", 0.8 * kMiB, 16 * kKiB, 0, kLevel,
                               [](Random& random, double) -> Curve {
                                 const double phase = random.uniform();
                                 return [=](double t) { return 4 * kMiB * std::floor(t / 5 + phase); };
                               }));
  classes.push_back(leak_class(
      "start-up of 100 MiB in 20 %, then 1 MiB/s", kMiB, 64 * kKiB, 0, kLevel, [](Random&, double length) -> Curve {
        const double end = 0.2 * length;
        return [=](double t) { return 100 * kMiB * std::min(1.0, t / end) + kMiB * std::max(0.0, t - end); };
      }));
  classes.push_back(leak_class("one step of 200 MiB, then or before 1 MiB/s", kMiB, 64 * kKiB, 0, kLevel,
                               [](Random& random, double length) -> Curve {
                                 const double at = length * random.uniform(0.1, 0.9);
                                 return [=](double t) { return (t < at ? 0 : 200 * kMiB) + kMiB * t; };
                               }));
  classes.push_back(leak_class(
      "leak 1 MiB/s that starts at 25 %", kMiB, 64 * kKiB, 0, kLevel,
      [](Random&, double length) -> Curve { return [=](double t) { return kMiB * std::max(0.0, t - length / 4); }; }));
  classes.push_back(leak_class(
      "leak from 1 to 2 MiB/s, speeding up", 1.5 * kMiB, 64 * kKiB, 0, kLevel,
      [](Random&, double length) -> Curve { return [=](double t) { return kMiB * t * (1 + 0.5 * t / length); }; }));
  classes.push_back(leak_class("leak 1 MiB/s + 12 teeth of 20 MiB", kMiB, 64 * kKiB, 0, kLevel,
                               [](Random& random, double length) -> Curve {
                                 const double phase = random.uniform();
                                 return [=](double t) {
                                   const double turns = 12 * t / length + phase;
                                   return kMiB * t + 20 * kMiB * (turns - std::floor(turns));
                                 };
                               }));
  classes.push_back(leak_class("leak 1 MiB/s + buffers that come and go", kMiB, 64 * kKiB, 0, kLevel,
                               [](Random& random, double length) -> Curve {
                                 const Curve beside = buffers(random, length);
                                 return [=](double t) { return kMiB * t + 0.3 * beside(t); };
                               }));
  return classes;
}

}  // namespace leakscope::bench::verdict
