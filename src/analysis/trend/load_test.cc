#include <cmath>
#include <functional>
#include <numbers>

#include <gtest/gtest.h>

#include "analysis/trend/trend.h"

namespace leakscope::analysis::trend {
namespace {

constexpr double kMiB = 1024.0 * 1024;

/// One window of 60 s: requests per second, and the memory for what is under way and for what was done.
struct Scene {
  model::Series memory;
  model::Series counter;
  model::Series gauge;
};

Scene scene(const std::function<double(double)>& rate,
            const std::function<double(double now, double done, double t)>& memory) {
  Scene result;
  double done = 0;
  for (int i = 0; i <= 60; ++i) {
    const double now = rate(i);
    done += now;
    const BootTime time{std::chrono::seconds(100 + i)};
    // A little of everything moves, so that nothing is exact.
    const double ripple = 20'000 * std::sin(i * 2.4);
    result.memory.push_back({time, std::llround(300 * kMiB + memory(now, done, i) + ripple)});
    result.counter.push_back({time, std::llround(5000 + done)});
    result.gauge.push_back({time, std::llround(now)});
  }
  return result;
}

double steady(double) { return 100; }
double rising(double t) { return 50 + 2.5 * t; }
double wavy_rise(double t) { return 80 + 2 * t + 40 * std::sin(2 * std::numbers::pi * t / 18); }

Judgement with_counter(const Scene& scene) {
  Options options;
  options.covariates.push_back({"requests", &scene.counter, true});
  return judge(scene.memory, options);
}

Judgement with_gauge(const Scene& scene) {
  Options options;
  options.covariates.push_back({"connections", &scene.gauge, false});
  return judge(scene.memory, options);
}

TEST(Load, ExplainsWhatIsHeldPerRequestUnderWay) {
  const auto held = [](double now, double, double) { return 0.5 * kMiB * now; };
  EXPECT_EQ(with_counter(scene(rising, held)).shape, Shape::kFollowsLoad);
  EXPECT_EQ(with_counter(scene(rising, held)).load, "requests");
  EXPECT_EQ(with_counter(scene(rising, held)).stopped_by, Gate::kLoad);
  EXPECT_EQ(with_gauge(scene(wavy_rise, held)).shape, Shape::kFollowsLoad);
  EXPECT_EQ(with_gauge(scene(wavy_rise, held)).load, "connections");
  EXPECT_NE(with_counter(scene(wavy_rise, held)).shape, Shape::kGrowing);
}

TEST(Load, DoesNotExplainALeakPerRequest) {
  const auto leaked = [](double, double done, double) { return 20'000 * done; };
  EXPECT_EQ(with_counter(scene(steady, leaked)).shape, Shape::kGrowing);
  EXPECT_EQ(with_counter(scene(rising, leaked)).shape, Shape::kGrowing);
  EXPECT_EQ(with_counter(scene(wavy_rise, leaked)).shape, Shape::kGrowing);
}

TEST(Load, DoesNotExplainALeakBesideIt) {
  const auto both = [](double now, double, double t) { return 10'000 * now + 2 * kMiB * t; };
  EXPECT_EQ(with_counter(scene(steady, both)).shape, Shape::kGrowing);
  EXPECT_EQ(with_counter(scene(wavy_rise, both)).shape, Shape::kGrowing);
  EXPECT_EQ(with_gauge(scene(wavy_rise, both)).shape, Shape::kGrowing);
}

TEST(Load, AClockExplainsNothing) {
  Scene clock = scene(steady, [](double, double, double t) { return 2 * kMiB * t; });
  for (std::size_t i = 0; i < clock.gauge.size(); ++i) {
    clock.gauge[i].value = static_cast<std::int64_t>(i) * 1000;
    clock.counter[i].value = static_cast<std::int64_t>(i) * 1000;
  }
  EXPECT_EQ(with_gauge(clock).shape, Shape::kGrowing);
  EXPECT_EQ(with_counter(clock).shape, Shape::kGrowing);
}

// Two straight lines share the jitter of their samples and the short first block, and nothing else.
TEST(Load, ASecondLeakExplainsNothing) {
  for (int spacing = 1; spacing <= 5; ++spacing) {
    for (int seconds = 56; seconds <= 75; ++seconds) {
      for (int late = 0; late < spacing; ++late) {
        model::Series slab;
        model::Series sockets;
        for (int i = 0; i <= seconds; ++i) {
          const BootTime time{std::chrono::milliseconds(100'000 + 1000 * i + i % 3)};
          if (i % spacing == late) slab.push_back({time, 10'000'000 + std::int64_t{1048576} * i});
          sockets.push_back({time, 200 + 52 * i / 10});
        }
        Options options;
        options.covariates.push_back({"sockets", &sockets, false});
        const Judgement judgement = judge(slab, options);
        EXPECT_NE(judgement.shape, Shape::kFollowsLoad) << spacing << ' ' << seconds << ' ' << late;
      }
    }
  }
}

TEST(Load, IgnoresCovariatesThatAreNotThere) {
  const Scene one = scene(rising, [](double now, double, double) { return 0.5 * kMiB * now; });
  Options options;
  const model::Series empty;
  const model::Series first_half(one.gauge.begin(), one.gauge.begin() + 30);
  options.covariates.push_back({"nothing", nullptr, false});
  options.covariates.push_back({"empty", &empty, true});
  options.covariates.push_back({"half", &first_half, false});
  EXPECT_EQ(judge(one.memory, options).shape, Shape::kGrowing);
}

TEST(Load, SurvivesACounterThatStartsAnew) {
  Scene one = scene(rising, [](double now, double, double) { return 0.5 * kMiB * now; });
  for (std::size_t i = 30; i < one.counter.size(); ++i) one.counter[i].value -= 5000;
  EXPECT_EQ(with_counter(one).shape, Shape::kFollowsLoad);
}

}  // namespace
}  // namespace leakscope::analysis::trend
