#include <array>
#include <limits>
#include <memory>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "findings/headline.h"
#include "findings/judge.h"

namespace leakscope::findings {
namespace {

using model::Metric;

std::int64_t any_value(std::mt19937_64& random, int i) {
  static constexpr std::array<std::int64_t, 6> kEdges{
      0, 1, -1, std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(), 4096};
  switch (random() % 4) {
    case 0:
      return kEdges[random() % kEdges.size()];
    case 1:
      return static_cast<std::int64_t>(random() >> (random() % 64));
    default:
      return (i + 1) * (std::int64_t{1} << (10 + random() % 12));
  }
}

TEST(Judge, GivesAnAnswerWhateverTheSourcesSay) {
  std::mt19937_64 random(11);
  const auto all = model::all_metrics();
  for (int round = 0; round < 60; ++round) {
    auto registry = std::make_shared<model::Registry>();
    model::Observation observation(registry);
    const int samples = static_cast<int>(random() % 40);
    std::uint64_t wild = random() % 3;
    for (int i = 0; i < samples; ++i) {
      model::Sample sample;
      sample.time.boot = BootTime{std::chrono::milliseconds(static_cast<std::int64_t>(i) * 1000)};
      if (wild == 2 && i == samples - 1) sample.time.boot = BootTime{Nanoseconds::max()};
      for (std::size_t m = 0; m < all.size(); ++m) {
        if (random() % 4 == 0) continue;
        for (int which = 0; which < 3; ++which) {
          model::SubjectKey key{all[m].subject, std::string(static_cast<std::size_t>(which), '\xff')};
          if (all[m].subject == model::SubjectKind::kProcess) {
            key.process = ProcessId{Pid{which}, StartTime{random() % 5 == 0 ? ~std::uint64_t{0} : 1}};
          }
          if (all[m].subject == model::SubjectKind::kMachine) key = model::machine();
          const std::int64_t value = wild == 0 ? any_value(random, i) : (i + 1) * (std::int64_t{1} << (8 + m % 16));
          sample.readings.push_back({registry->intern(key), static_cast<Metric>(m), value});
        }
      }
      sample.events.push_back({sample.time, model::EventKind::kOomKill, std::nullopt, std::string("\xff\x00", 2)});
      observation.add(sample);
    }
    const Judged judged = judge(observation, {});
    EXPECT_FALSE(headline_of(judged, observation.length()).sentence.empty());
    for (const Finding& finding : judged.findings) {
      EXPECT_FALSE(finding.title.empty()) << finding.id;
      EXPECT_FALSE(finding.id.empty());
      if (finding.share_of_decline) {
        EXPECT_GE(*finding.share_of_decline, 0);
        EXPECT_LE(*finding.share_of_decline, 1);
      }
    }
  }
}

}  // namespace
}  // namespace leakscope::findings
