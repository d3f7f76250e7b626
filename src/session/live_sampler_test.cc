#include "session/live_sampler.h"

#include <unistd.h>

#include <atomic>

#include <gtest/gtest.h>

#include "base/unique_fd.h"

namespace leakscope::session {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class CountingSource final : public sources::Source {
 public:
  explicit CountingSource(bool beside) : beside_(beside) {}
  [[nodiscard]] sources::SourceInfo info() const override {
    return {"counting", {milliseconds(1), milliseconds(1)}, beside_};
  }
  [[nodiscard]] Result<> sample(model::SampleSink& sink) override {
    sink.put(model::Metric::kMeminfoMemFree, ++count_);
    return {};
  }
  [[nodiscard]] std::vector<model::Coverage> coverage() const override { return {}; }

 private:
  bool beside_;
  std::int64_t count_ = 0;
};

class FailingSource final : public sources::Source {
 public:
  [[nodiscard]] sources::SourceInfo info() const override {
    return {"failing", {milliseconds(1), milliseconds(1)}, false};
  }
  [[nodiscard]] Result<> sample(model::SampleSink& sink) override {
    sink.put(model::Metric::kMeminfoMemFree, 7);  // half an answer must not get out
    return fail(Error::Kind::kIo, "/proc/meminfo", "broken");
  }
  [[nodiscard]] std::vector<model::Coverage> coverage() const override { return {}; }
};

/// Every minute; in short live windows more often.
class BriefSource final : public sources::Source {
 public:
  [[nodiscard]] sources::SourceInfo info() const override {
    return {"brief", {seconds(60), seconds(60), milliseconds(10)}, false};
  }
  [[nodiscard]] Result<> sample(model::SampleSink&) override { return {}; }
  [[nodiscard]] std::vector<model::Coverage> coverage() const override { return {}; }
};

/// Hangs in a read that never ends, as on a dead mount.
class HangingSource final : public sources::Source {
 public:
  /// The pipe's reading end is the source's own: nobody else knows when the thread is done with it.
  explicit HangingSource(UniqueFd fd) : fd_(std::move(fd)) {}
  [[nodiscard]] sources::SourceInfo info() const override {
    return {"hanging", {milliseconds(1), milliseconds(1)}, true};
  }
  [[nodiscard]] Result<> sample(model::SampleSink&) override {
    char byte = 0;
    [[maybe_unused]] const ssize_t got = ::read(fd_.get(), &byte, 1);
    return {};
  }
  [[nodiscard]] std::vector<model::Coverage> coverage() const override { return {}; }

 private:
  UniqueFd fd_;
};

/// Stands for the fast tier, which makes processes known, and for the slow one, which looks closer at them.
class KnowingSource final : public sources::Source {
 public:
  KnowingSource(std::atomic<int>& known, bool beside) : known_(known), beside_(beside) {}
  [[nodiscard]] sources::SourceInfo info() const override { return {"knowing", {seconds(60), seconds(60)}, beside_}; }
  [[nodiscard]] Result<> sample(model::SampleSink& sink) override {
    if (beside_) {
      sink.put(model::Metric::kMeminfoMemFree, known_.load());
    } else {
      known_ = 7;
    }
    return {};
  }
  [[nodiscard]] std::vector<model::Coverage> coverage() const override { return {}; }

 private:
  std::atomic<int>& known_;
  bool beside_;
};

/// A clock that a test moves; waiting on the stop flag is real, so intervals are kept short.
class SteppingClock final : public Clock {
 public:
  [[nodiscard]] Moment now() const override {
    Moment moment = SystemClock().now();
    moment.wall.since_epoch += wall_step.load();
    moment.boot.since_boot += asleep.load();
    moment.wall.since_epoch += asleep.load();
    return moment;
  }
  std::atomic<Nanoseconds> wall_step{Nanoseconds{0}};
  std::atomic<Nanoseconds> asleep{Nanoseconds{0}};
};

struct Rig {
  std::shared_ptr<model::Registry> registry = std::make_shared<model::Registry>();
  SteppingClock clock;
  StopFlag stop = *StopFlag::make();

  std::unique_ptr<LiveSampler> sampler(std::unique_ptr<sources::Source> source, SamplingOptions options) {
    std::vector<std::unique_ptr<sources::Source>> sources;
    sources.push_back(std::move(source));
    return std::make_unique<LiveSampler>(registry, model::Host{}, std::move(sources), std::vector<model::Coverage>{},
                                         clock, stop, options);
  }
};

TEST(LiveSampler, AsksMoreOftenInBriefWindowsOnly) {
  Rig rig;
  model::Sample sample;
  const auto period_with = [&](SamplingOptions options) {
    auto sampler = rig.sampler(std::make_unique<BriefSource>(), options);
    EXPECT_TRUE(*sampler->next(sample));
    return sampler->costs().front().period;
  };
  const Nanoseconds tick = milliseconds(1);
  EXPECT_EQ(period_with({SamplingMode::kLive, tick, milliseconds(100)}), milliseconds(10));
  EXPECT_EQ(period_with({SamplingMode::kLive, tick, seconds(6)}), milliseconds(100)) << "a 60th of the window";
  EXPECT_EQ(period_with({SamplingMode::kLive, tick, seconds(7200)}), seconds(60));
  EXPECT_EQ(period_with({SamplingMode::kLive, tick, std::nullopt}), seconds(60));
  EXPECT_EQ(period_with({SamplingMode::kRecording, tick, milliseconds(100)}), milliseconds(10));
  EXPECT_EQ(period_with({SamplingMode::kRecording, seconds(5), seconds(60)}), seconds(5)) << "the interval";
  EXPECT_EQ(period_with({SamplingMode::kRecording, seconds(5), seconds(7200)}), seconds(60));
  EXPECT_EQ(period_with({SamplingMode::kRecording, seconds(5), std::nullopt}), seconds(60));
}

TEST(LiveSampler, TakesTheFirstSampleAtOnceAndTheLastAtTheEnd) {
  Rig rig;
  auto sampler =
      rig.sampler(std::make_unique<CountingSource>(false), {SamplingMode::kLive, milliseconds(20), milliseconds(100)});
  model::Sample sample;
  std::int64_t samples = 0;
  while (*sampler->next(sample)) {
    ++samples;
    ASSERT_EQ(sample.readings.size(), 1U);
    EXPECT_EQ(sample.readings[0].value, samples);
  }
  EXPECT_GE(samples, 2);
  EXPECT_LE(samples, 6);
  EXPECT_FALSE(*sampler->next(sample));
}

TEST(LiveSampler, TakesTwoSamplesOfADurationShorterThanTheInterval) {
  Rig rig;
  auto sampler =
      rig.sampler(std::make_unique<CountingSource>(false), {SamplingMode::kLive, seconds(60), milliseconds(50)});
  model::Sample sample;
  EXPECT_TRUE(*sampler->next(sample));
  EXPECT_TRUE(*sampler->next(sample));
  EXPECT_FALSE(*sampler->next(sample));
}

TEST(LiveSampler, StopsAtOnceWhenAsked) {
  Rig rig;
  auto sampler =
      rig.sampler(std::make_unique<CountingSource>(false), {SamplingMode::kLive, seconds(600), std::nullopt});
  model::Sample sample;
  ASSERT_TRUE(*sampler->next(sample));
  rig.stop.raise();
  EXPECT_FALSE(*sampler->next(sample));
}

TEST(LiveSampler, CollectsWhatRanBeside) {
  Rig rig;
  auto sampler =
      rig.sampler(std::make_unique<CountingSource>(true), {SamplingMode::kLive, milliseconds(10), std::nullopt});
  model::Sample sample;
  ASSERT_TRUE(*sampler->next(sample));
  sampler->settle(sample, seconds(10));
  ASSERT_EQ(sample.readings.size(), 1U);
}

TEST(LiveSampler, AtTheFirstTickLooksCloserAtWhatTheFastTierMadeKnown) {
  Rig rig;
  std::atomic<int> known{0};
  std::vector<std::unique_ptr<sources::Source>> both;
  both.push_back(std::make_unique<KnowingSource>(known, true));
  both.push_back(std::make_unique<KnowingSource>(known, false));
  LiveSampler sampler(rig.registry, model::Host{}, std::move(both), {}, rig.clock, rig.stop, {});
  model::Sample sample;
  ASSERT_TRUE(*sampler.next(sample));
  sampler.settle(sample, seconds(10));
  ASSERT_EQ(sample.readings.size(), 1U);
  EXPECT_EQ(sample.readings[0].value, 7);
}

TEST(LiveSampler, LeavesAHangingSourceBehindAndSaysSo) {
  int pipe_fds[2];
  ASSERT_EQ(::pipe(pipe_fds), 0);
  {
    Rig rig;
    auto sampler = rig.sampler(std::make_unique<HangingSource>(UniqueFd(pipe_fds[0])),
                               {SamplingMode::kLive, milliseconds(10), milliseconds(50)});
    model::Sample sample;
    while (*sampler->next(sample)) {
    }
    sampler->settle(sample, milliseconds(1));
    const auto coverage = sampler->coverage();
    ASSERT_EQ(coverage.size(), 1U);
    EXPECT_EQ(coverage[0].state, model::Coverage::State::kPartial);
  }
  ::close(pipe_fds[1]);  // lets the thread end
}

TEST(LiveSampler, DropsHalfAnAnswerAndCountsTheFailure) {
  Rig rig;
  auto sampler = rig.sampler(std::make_unique<FailingSource>(), {SamplingMode::kLive, milliseconds(10), std::nullopt});
  model::Sample sample;
  ASSERT_TRUE(*sampler->next(sample));
  EXPECT_TRUE(sample.readings.empty());
  ASSERT_EQ(sampler->losses().size(), 1U);
  EXPECT_EQ(sampler->losses()[0].count, 1U);
}

TEST(LiveSampler, TellsAClockStepFromASuspend) {
  Rig rig;
  auto sampler =
      rig.sampler(std::make_unique<CountingSource>(false), {SamplingMode::kLive, milliseconds(10), std::nullopt});
  model::Sample sample;
  ASSERT_TRUE(*sampler->next(sample));
  rig.clock.wall_step = -std::chrono::hours(1);
  ASSERT_TRUE(*sampler->next(sample));
  ASSERT_EQ(sample.events.size(), 1U);
  EXPECT_EQ(sample.events[0].kind, model::EventKind::kClockStep);
  rig.clock.asleep = std::chrono::hours(8);
  ASSERT_TRUE(*sampler->next(sample));
  ASSERT_EQ(sample.events.size(), 1U);
  EXPECT_EQ(sample.events[0].kind, model::EventKind::kResume);
}

}  // namespace
}  // namespace leakscope::session
