#include "sources/logs/log_reader.h"

#include "sources/log_block.h"
#include "sources/logs/made_log.h"

namespace leakscope::sources::logs {
namespace {

using model::Metric;
using Seconds = std::vector<double>;
using Values = std::vector<std::int64_t>;

TEST(LogReader, MakesASampleOfEachBlockUnderItsTime) {
  const ReadLog log =
      read_log("Fri Nov 20 12:00:00 UTC 2026\nfree 1\nused 5\nFri Nov 20 12:00:10 UTC 2026\nfree 2\nused 6\n");
  EXPECT_EQ(log.seconds(), (Seconds{0, 10}));
  EXPECT_EQ(log.values(Metric::kMeminfoMemFree), (Values{1, 2}));
  EXPECT_EQ(log.values(Metric::kMeminfoSlab), (Values{5, 6}));
  EXPECT_TRUE(log.losses.empty());
  EXPECT_FALSE(log.times_assumed);
  EXPECT_EQ(to_rfc3339(log.samples[1].time.wall), "2026-11-20T12:00:10.000Z");
}

TEST(LogReader, KnowsTimesThatStandBehindTheirBlocks) {
  const ReadLog log = read_log("free 1\n12:00:00\nfree 2\n12:00:10\nfree 3\n12:00:30\n");
  EXPECT_EQ(log.seconds(), (Seconds{0, 10, 30}));
  EXPECT_EQ(log.values(Metric::kMeminfoMemFree), (Values{1, 2, 3}));
}

TEST(LogReader, AssumesAnIntervalWhereThereIsNoTime) {
  const ReadLog log = read_log("free 1\n===\nfree 2\nused 7\n===\nfree 3\n");
  EXPECT_EQ(log.seconds(), (Seconds{0, 1, 2}));
  EXPECT_TRUE(log.times_assumed);
  EXPECT_EQ(read_logs({"free 1\nfree 2\n"}, {.interval = std::chrono::seconds(30)}).seconds(), (Seconds{0, 30}));
}

TEST(LogReader, SpreadsSamplesWithoutATimeBetweenTheOthers) {
  EXPECT_EQ(read_log("12:00:00\nfree 1\nfree 2\nfree 3\nfree 4\n12:00:08\nfree 5\n").seconds(),
            (Seconds{0, 2, 4, 6, 8}));
  EXPECT_EQ(read_log("12:00:00\nfree 1\n12:00:00\nfree 2\n12:00:02\nfree 3\n").seconds(), (Seconds{0, 1, 2}));
}

TEST(LogReader, GoesOnOverMidnightAndNewYear) {
  EXPECT_EQ(read_log("23:59:59\nfree 1\n00:00:01\nfree 2\n").seconds(), (Seconds{0, 2}));
  EXPECT_EQ(read_log("Dec 31 23:59:59 h p: free 1\nJan  1 00:00:01 h p: free 2\n").seconds(), (Seconds{0, 2}));
}

TEST(LogReader, TakesNoClockStepForTime) {
  const ReadLog back = read_log(
      "2026-11-20 12:00:00\nfree 1\n2026-11-20 12:00:10\nfree 2\n2026-11-20 09:00:00\nfree 3\n2026-11-20 "
      "09:00:10\nfree 4\n");
  EXPECT_EQ(back.seconds(), (Seconds{0, 10, 20, 30}));
  ASSERT_EQ(back.samples[2].events.size(), 1U);
  EXPECT_EQ(back.samples[2].events[0].kind, model::EventKind::kClockStep);
  EXPECT_EQ(back.lost("times that jump"), 1U);
  const ReadLog forward = read_log(
      "1970-01-01 00:00:10\nfree 1\n1970-01-01 00:00:20\nfree 2\n2026-11-20 09:00:00\nfree 3\n2026-11-20 "
      "09:00:10\nfree 4\n");
  EXPECT_EQ(forward.seconds(), (Seconds{0, 10, 20, 30}));
  const ReadLog both =
      read_log("12:00:00\n100.00 1.00\nfree 1\n15:00:10\n110.00 2.00\nfree 2\n15:00:20\n120.00 3.00\nfree 3\n");
  EXPECT_EQ(both.seconds(), (Seconds{0, 10, 20}));
  EXPECT_EQ(both.samples[1].events.at(0).kind, model::EventKind::kClockStep);
}

TEST(LogReader, SeesARebootByTheTimeSinceBoot) {
  const ReadLog log = read_log("100.00 1.00\nfree 1\n110.00 2.00\nfree 2\n5.00 1.00\nfree 3\n");
  ASSERT_EQ(log.samples.size(), 3U);
  EXPECT_EQ(log.samples[2].events.at(0).kind, model::EventKind::kReboot);
}

TEST(LogReader, ReadsWhatALogDaemonWrote) {
  const ReadLog log = read_log(
      "Nov 20 12:00:00 a root: free 1\r\nNov 20 12:00:00 a root: used 1\r\nNov 20 12:00:05 b root: free 100\r\n"
      "Nov 20 12:00:10 a root: free 2\r\nNov 20 12:00:10 a root: \x1b[1;31mused 2\x1b[0m\r\n");
  EXPECT_EQ(log.seconds(), (Seconds{0, 10}));
  EXPECT_EQ(log.values(Metric::kMeminfoMemFree), (Values{1, 2}));
  EXPECT_EQ(log.values(Metric::kMeminfoSlab), (Values{1, 2}));
  EXPECT_EQ(log.host, "a");
  EXPECT_EQ(log.lost("other hosts than a: b"), 1U);
}

TEST(LogReader, ReadsABlockThatAnotherWriterBrokeUp) {
  const ReadLog log = read_log("12:00:00\nfree 1\nwhat is this\npid 7 cat 1\nused 5\n12:00:01\nfree 2\n");
  EXPECT_EQ(log.seconds(), (Seconds{0, 1}));
  EXPECT_EQ(log.values(Metric::kMeminfoSlab), (Values{5}));
  EXPECT_EQ(log.lost("made0.txt:3: 'what is this'"), 1U);
}

TEST(LogReader, CountsWhatItCannotRead) {
  const ReadLog log = read_log("free 1\nused x\nfoo\nbar\nfree 2\nused 9\n");
  EXPECT_EQ(log.lost("made that could not be read, the first is made0.txt:2: used x"), 1U);
  EXPECT_EQ(log.lost("lines of no known format, the first is made0.txt:3: 'foo'"), 2U);
  const std::string nuls(1000, '\0');
  const ReadLog torn = read_log(nuls + "free 1\n" + nuls + "free 2\nfr" + std::string(1, '\0') + "ee 3\n");
  EXPECT_EQ(torn.values(Metric::kMeminfoMemFree), (Values{1, 2}));
  EXPECT_EQ(torn.lost("NUL bytes"), 2000U);
  EXPECT_EQ(torn.lost("no text"), 1U);
}

TEST(LogReader, TellsProcessesApartThatHaveNoStartTime) {
  const ReadLog log = read_log("pid 7 cat 5\npid 8 cat 5\n12:00:01\npid 7 cat 6\npid 8 dog 6\n12:00:02\npid 7 cat 2\n");
  std::vector<std::uint32_t> subjects;
  for (const model::Sample& sample : log.samples) {
    for (const model::Reading& reading : sample.readings) subjects.push_back(reading.subject.index);
  }
  ASSERT_EQ(subjects.size(), 5U);
  EXPECT_EQ(subjects[0], subjects[2]);
  EXPECT_NE(subjects[1], subjects[3]);
  EXPECT_NE(subjects[0], subjects[4]);
}

TEST(LogReader, KeepsTheTimesOfWhatItLeavesUnread) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += std::to_string(1'795'177'480 + i) + "\nblock " + std::to_string(i) + "\n";
  const auto read = [](std::string_view line, model::SampleSink& sink, ParseFaults& /*faults*/) -> Result<> {
    sink.put(Metric::kMeminfoMemFree, *parse_number<std::int64_t>(line.substr(6, line.size() - 7)));
    return {};
  };
  const auto is_block = [](std::string_view line) { return line.starts_with("block "); };
  std::vector<LogInput> inputs;
  inputs.push_back({"made.txt", bytes_of(text)});
  std::vector<std::unique_ptr<LogFormat>> formats;
  formats.push_back(std::make_unique<FileBlockFormat>(
      FileBlockFormat::Spec{.name = "block", .begins = is_block, .belongs = is_block}, read));
  LogReader reader(std::move(inputs), std::move(formats), std::make_shared<model::Registry>(), {});
  model::Sample sample;
  std::uint32_t stood_for = 0;
  std::size_t samples = 0;
  while (reader.next(sample).value_or(false)) {
    reader.thin_to(10);
    stood_for += reader.stands_for();
    if (sample.readings.empty()) break;
    ++samples;
    EXPECT_EQ(sample.time.boot.since_boot, std::chrono::seconds(sample.readings[0].value));
  }
  // The first two, then each tenth.
  EXPECT_EQ(samples, 11U);
  EXPECT_EQ(stood_for, 100U);
  EXPECT_EQ(sample.time.boot.since_boot, std::chrono::seconds(99));
  EXPECT_FALSE(reader.next(sample).value_or(true));
}

TEST(LogReader, TakesAStepThatAPlanNamesForOneInterval) {
  const std::string text =
      "2026-11-20 12:00:00\nfree 1\n2026-11-20 12:00:10\nfree 2\n2026-11-20 17:00:20\nfree 3\n2026-11-20 "
      "17:00:30\nfree 4\n";
  const ReadLog gap = read_log(text);
  EXPECT_EQ(gap.seconds(), (Seconds{0, 10, 18020, 18030}));
  EXPECT_EQ(gap.samples[2].events.at(0).kind, model::EventKind::kRecordingGap);
  const ReadLog set =
      read_logs({text}, {.interval = {}, .guessed_year = 2026, .plan = {.only = {}, .clock_steps = {3}}});
  EXPECT_EQ(set.seconds(), (Seconds{0, 10, 20, 30}));
  EXPECT_EQ(set.samples[2].events.at(0).kind, model::EventKind::kClockStep);
}

TEST(LogReader, GoesOnInTheNextFile) {
  const ReadLog log = read_logs({"2026-11-20 12:00:00\nfree 1\n", "2026-11-20 12:00:10\nfree 2\n"});
  EXPECT_EQ(log.seconds(), (Seconds{0, 10}));
  ASSERT_FALSE(log.coverage.empty());
  EXPECT_EQ(log.coverage[0].why, "1 block in made0.txt, 1 block in made1.txt");
}

TEST(LogReader, SurvivesTimesOfAnySize) {
  const ReadLog log = read_log(
      "9223372036854775807\nfree 1\n0.00 0.00\nfree 2\n99999999999.99 1.00\nfree 3\n2199-12-31 23:59:59\nfree 4\n"
      "1970-01-01 00:00:00\nfree 5\n2199-12-31 23:59:59\nfree 6\n999999999.99 1.00\nfree 7\n1970-01-01 00:00:01\nfree "
      "8\n");
  EXPECT_EQ(log.values(Metric::kMeminfoMemFree), (Values{1, 2, 3, 4, 5, 6, 7, 8}));
  for (std::size_t i = 1; i < log.samples.size(); ++i)
    EXPECT_GE(log.samples[i].time.boot, log.samples[i - 1].time.boot);
}

TEST(LineReader, CutsLinesThatDoNotEnd) {
  LineReader lines(bytes_of(std::string(LineReader::kLongestLine + 10, 'x') + "\nfree 1"));
  EXPECT_EQ(lines.next()->text.size(), LineReader::kLongestLine);
  const auto last = lines.next();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->text, "free 1");
  EXPECT_FALSE(last->ended);
  EXPECT_FALSE(lines.next());
  EXPECT_EQ(lines.damage().cut_lines, 1U);
}

}  // namespace
}  // namespace leakscope::sources::logs
