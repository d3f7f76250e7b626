#include "session/moment.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace leakscope::session {
namespace {

using Kind = MomentSpec::Kind;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// 2026-11-20T09:00:00Z, ten minutes after boot.
constexpr auto kStart = seconds(1'795'165'200);

model::Observation two_hours() {
  model::Observation observation(std::make_shared<model::Registry>());
  model::Sample sample;
  for (int minute = 0; minute <= 120; ++minute) {
    sample.time = {BootTime{minutes(10 + minute)}, WallTime{kStart + minutes(minute)}, minutes(10 + minute)};
    observation.add(sample);
  }
  return observation;
}

std::optional<Nanoseconds> since_start(const model::Observation& observation, std::string_view moment) {
  const auto parsed = parse_moment(moment);
  EXPECT_TRUE(parsed) << moment;
  const auto time = resolve(*parsed, observation, "x.lsr");
  if (!time) return std::nullopt;
  return *time - observation.start()->boot;
}

TEST(Moment, IsFoundInARecording) {
  const model::Observation observation = two_hours();
  EXPECT_EQ(since_start(observation, "start"), seconds(0));
  EXPECT_EQ(since_start(observation, "end"), hours(2));
  EXPECT_EQ(since_start(observation, "+30m"), minutes(30));
  EXPECT_EQ(since_start(observation, "+1h5m"), minutes(65));
  EXPECT_EQ(since_start(observation, "+90"), seconds(90));
  EXPECT_EQ(since_start(observation, "-5m"), minutes(115));
  EXPECT_EQ(since_start(observation, "10:00"), hours(1));
  EXPECT_EQ(since_start(observation, "09:00:30"), seconds(30));
  EXPECT_EQ(since_start(observation, "2026-11-20T10:00:00Z"), hours(1));
  EXPECT_EQ(since_start(observation, "2026-11-20T11:00:00+01:00"), hours(1));
  EXPECT_EQ(since_start(observation, "2026-11-20T08:59:59.5Z"), seconds(0)) << "meant is the first sample";
}

TEST(Moment, OutsideOfTheRecordingIsAnErrorThatSaysWhatItCovers) {
  const model::Observation observation = two_hours();
  for (const char* moment : {"08:00", "11:30", "2026-11-19T10:00:00Z", "2026-11-20T11:30:00Z", "+3h", "-121m"}) {
    const auto time = resolve(*parse_moment(moment), observation, "x.lsr");
    ASSERT_FALSE(time) << moment;
    EXPECT_EQ(time.error().kind, Error::Kind::kUsage);
    EXPECT_NE(to_string(time.error()).find("2026-11-20T09:00:00.000Z to 2026-11-20T11:00:00.000Z"), std::string::npos);
  }
  const model::Observation empty(std::make_shared<model::Registry>());
  EXPECT_FALSE(resolve({}, empty, "x.lsr"));
}

TEST(Moment, ATimeWithoutADateIsNotKnown) {
  model::Observation observation = two_hours();
  const WallTime start = observation.start()->wall;
  EXPECT_EQ(known_wall_time(observation, start), start);
  EXPECT_EQ(known_wall_time(observation, WallTime{hours(14) + minutes(48)}), std::nullopt) << "a time of day";
  EXPECT_EQ(known_wall_time(observation, WallTime{-seconds(1)}), std::nullopt);
  observation.times_assumed = true;
  EXPECT_EQ(known_wall_time(observation, start), std::nullopt) << "49 seconds after nobody knows when";
  const auto time = resolve(*parse_moment("2027-01-01T00:00:00Z"), observation, "ps.log");
  ASSERT_FALSE(time);
  EXPECT_NE(to_string(time.error()).find("It covers 2 h, and has no dates"), std::string::npos)
      << to_string(time.error());
}

TEST(Moment, FollowsStepsOfTheClock) {
  model::Observation observation(std::make_shared<model::Registry>());
  model::Sample sample;
  for (int minute = 0; minute <= 60; ++minute) {
    // After half an hour the clock is set an hour ahead.
    const auto wall = kStart + minutes(minute) + (minute >= 30 ? hours(1) : hours(0));
    sample.time = {BootTime{minutes(minute)}, WallTime{wall}, minutes(minute)};
    sample.events.clear();
    if (minute == 30) sample.events.push_back({sample.time, model::EventKind::kClockStep, {}, ""});
    observation.add(sample);
  }
  EXPECT_EQ(since_start(observation, "09:20"), minutes(20));
  EXPECT_EQ(since_start(observation, "10:40"), minutes(40));
  EXPECT_EQ(since_start(observation, "09:45"), minutes(30)) << "no sample ever showed that time: the step";
  EXPECT_EQ(wall_time_at(observation, BootTime{minutes(20)}).since_epoch, kStart + minutes(20));
  EXPECT_EQ(wall_time_at(observation, BootTime{minutes(50)}).since_epoch, kStart + minutes(110));
}

TEST(Moment, RefusesWhatIsNone) {
  for (const char* text : {"", "+", "-", "noon", "10", "+5x", "+-5m", "25:00", "+99999999999999999999d", "+99999d",
                           "2026-11-20", "Start", "+m"}) {
    const auto moment = parse_moment(text);
    ASSERT_FALSE(moment) << text;
    EXPECT_EQ(moment.error().kind, Error::Kind::kUsage);
  }
}

TEST(Place, TheFileThatExistsWins) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "leakscope-place";
  std::filesystem::create_directories(folder);
  const std::string odd = folder / "me@10:00";
  std::ofstream(odd) << "x";
  EXPECT_EQ(parse_place(odd)->path, odd);
  EXPECT_FALSE(parse_place(odd)->moment.given);
  EXPECT_EQ(parse_place(odd + "@start")->path, odd);
  EXPECT_EQ(parse_place(odd + "@start")->moment.kind, Kind::kStart);
  const auto other = parse_place((folder / "you@10:00").string());
  ASSERT_TRUE(other);
  EXPECT_EQ(other->path, folder / "you");
  EXPECT_EQ(other->moment.kind, Kind::kTimeOfDay);
  const auto wrong = parse_place((folder / "you@home").string());
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().what.find("no file"), std::string::npos);
  EXPECT_EQ(parse_place("-@end")->path, "-");
  EXPECT_EQ(parse_place("@end")->path, "@end");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace leakscope::session
