#include <gtest/gtest.h>

#include "sources/recording/made_samples.h"

namespace leakscope::sources::recording {
namespace {

// What a subject is called is written at each flush, so a name that changes within one is told from its first sample
// on; the made machine's changes are compared only where they fall together.
void forget_names(std::vector<Told>& samples) {
  for (Told& told : samples) {
    for (std::vector<std::string>* lines : {&told.readings, &told.events, &told.retired}) {
      for (std::string& line : *lines) {
        std::erase(line, '\'');
        for (std::size_t at = line.find("\xff"
                                        "2");
             at != std::string::npos; at = line.find("\xff"
                                                     "2")) {
          line.erase(at + 1, 1);
        }
      }
      std::ranges::sort(*lines);
    }
  }
}

TEST(RoundTrip, RandomSamplesComeBackAsTheyWere) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    ScratchDir scratch;
    MadeMachine machine(seed);
    WriterOptions options = machine.options();
    options.block_length = std::chrono::minutes(seed % 3 == 0 ? 5 : 60);
    auto writer = RecordingWriter::create(scratch.file("r"), options);
    ASSERT_TRUE(writer) << to_string(writer.error());
    std::vector<Told> written;
    for (int i = 0; i < 200; ++i) {
      const model::Sample& sample = machine.next_wild();
      written.push_back(tell(sample, machine.registry));
      const auto added = writer->add(sample, machine.registry);
      ASSERT_TRUE(added) << to_string(added.error());
    }
    const auto finished = writer->finish(machine.registry);
    ASSERT_TRUE(finished) << to_string(finished.error());
    EXPECT_EQ(writer->stats().samples, 200U);
    EXPECT_EQ(writer->stats().file_size, std::filesystem::file_size(scratch.file("r")));

    ReadBack back = read_back(scratch.file("r"));
    ASSERT_FALSE(back.error) << to_string(*back.error);
    EXPECT_TRUE(back.losses.empty()) << back.losses.front().what;
    EXPECT_EQ(back.host, options.host);
    forget_names(written);
    forget_names(back.samples);
    ASSERT_EQ(back.samples.size(), written.size());
    for (std::size_t i = 0; i < written.size(); ++i) ASSERT_EQ(back.samples[i], written[i]) << "seed " << seed;
  }
}

// Each sample is a block of its own, so whoever ends is named for the first time in the row that tells its end.
TEST(RoundTrip, WhoeverEndsInTheFirstRowOfABlockHasEnded) {
  ScratchDir scratch;
  MadeMachine machine(1);
  WriterOptions options = machine.options();
  options.flush_every = Nanoseconds{0};
  options.block_length = Nanoseconds{1};
  auto writer = RecordingWriter::create(scratch.file("r"), options);
  ASSERT_TRUE(writer);
  const model::SubjectKey key{model::SubjectKind::kCgroup, "/made", {}};
  const auto read = [&](model::SubjectId id) {
    machine.sample.readings.push_back({id, model::Metric::kProcessRssAnon, 1});
  };
  const auto add = [&] {
    machine.sample.time = machine.time();
    EXPECT_TRUE(writer->add(machine.sample, machine.registry));
    machine.skip(std::chrono::seconds(5));
  };
  const auto end = [&](model::SubjectId id) {
    machine.registry.retire(id);
    machine.sample.retired.push_back(id);
  };
  machine.skip(std::chrono::seconds(5));
  const model::SubjectId first = machine.registry.intern(key);
  read(first);
  add();
  // Removed and made again between two samples.
  end(first);
  const model::SubjectId second = machine.registry.intern(key);
  read(second);
  add();
  read(second);
  add();
  // Its end, its last reading and what happened to it in one sample.
  read(second);
  machine.sample.events.push_back({machine.time(), model::EventKind::kOomKill, second, "killed"});
  end(second);
  add();
  ASSERT_TRUE(writer->finish(machine.registry));

  auto registry = std::make_shared<model::Registry>();
  auto stream = open_recording(scratch.file("r"), registry);
  ASSERT_TRUE(stream);
  model::Sample sample;
  std::vector<model::SubjectId> read_of;
  std::vector<std::size_t> ended;
  while ((*stream)->next(sample).value_or(false)) {
    ASSERT_EQ(sample.readings.size(), 1U);
    read_of.push_back(sample.readings[0].subject);
    ended.push_back(sample.retired.size());
  }
  ASSERT_EQ(read_of.size(), 4U);
  EXPECT_NE(read_of[0], read_of[1]);
  EXPECT_EQ(read_of[1], read_of[2]);
  EXPECT_EQ(read_of[2], read_of[3]);
  EXPECT_EQ(ended, (std::vector<std::size_t>{0, 1, 0, 1}));
  EXPECT_TRUE(registry->info(read_of[0]).retired);
  EXPECT_TRUE(registry->info(read_of[3]).retired);
  EXPECT_EQ(registry->size(), 3U);  // with the machine
}

TEST(RoundTrip, NamesAreToldAsTheyChange) {
  ScratchDir scratch;
  MadeMachine machine(1);
  WriterOptions options = machine.options();
  options.flush_every = Nanoseconds{0};
  auto writer = RecordingWriter::create(scratch.file("r"), options);
  ASSERT_TRUE(writer);
  const model::SubjectKey key{model::SubjectKind::kProcess, "sh", ProcessId{Pid{5}, StartTime{6}}};
  const model::SubjectId id = machine.registry.intern(key);
  for (int i = 0; i < 10; ++i) {
    machine.skip(std::chrono::seconds(5));
    machine.sample.time = machine.time();
    if (i == 4) {
      model::SubjectInfo info = machine.registry.info(id);
      info.key.name = "nginx";
      info.executable = "/usr/sbin/nginx";
      machine.registry.update(id, info);
    }
    machine.sample.readings.push_back({id, model::Metric::kProcessThreads, i});
    ASSERT_TRUE(writer->add(machine.sample, machine.registry));
  }
  ASSERT_TRUE(writer->finish(machine.registry));
  const ReadBack back = read_back(scratch.file("r"));
  ASSERT_EQ(back.samples.size(), 10U);
  EXPECT_NE(back.samples[3].readings[0].find("'sh'"), std::string::npos);
  EXPECT_NE(back.samples[4].readings[0].find("'nginx'"), std::string::npos) << back.samples[4].readings[0];
}

TEST(RoundTrip, CoverageAndLossesOfTheSourcesComeBack) {
  ScratchDir scratch;
  MadeMachine machine(2);
  auto writer = RecordingWriter::create(scratch.file("r"), machine.options());
  ASSERT_TRUE(writer);
  writer->set_state({{"slabinfo", model::Coverage::State::kDenied, "only root may read it", "run as root"}},
                    {{"sampler", "samples late", 3, 100}});
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(writer->add(machine.next_calm(), machine.registry));
  ASSERT_TRUE(writer->finish(machine.registry));
  const ReadBack back = read_back(scratch.file("r"));
  ASSERT_EQ(back.coverage.size(), 1U);
  EXPECT_EQ(back.coverage[0].remedy, "run as root");
  EXPECT_EQ(back.coverage[0].state, model::Coverage::State::kDenied);
  ASSERT_EQ(back.losses.size(), 1U);
  EXPECT_EQ(back.losses[0], (model::Loss{"sampler", "samples late", 3, 100}));
}

TEST(RoundTrip, TheLastOfTwoValuesForOneSeriesIsKept) {
  ScratchDir scratch;
  MadeMachine machine(3);
  auto writer = RecordingWriter::create(scratch.file("r"), machine.options());
  ASSERT_TRUE(writer);
  machine.skip(std::chrono::seconds(1));
  machine.sample.time = machine.time();
  machine.sample.readings = {{model::Registry::machine_id(), model::Metric::kMeminfoMemFree, 1},
                             {model::Registry::machine_id(), model::Metric::kMeminfoMemFree, 2}};
  ASSERT_TRUE(writer->add(machine.sample, machine.registry));
  ASSERT_TRUE(writer->finish(machine.registry));
  const ReadBack back = read_back(scratch.file("r"));
  ASSERT_EQ(back.samples.size(), 1U);
  EXPECT_EQ(back.samples[0].readings.size(), 1U);
  EXPECT_TRUE(back.samples[0].readings[0].ends_with("= 2"));
}

TEST(RoundTrip, ASampleThatIsNotLaterIsRefused) {
  ScratchDir scratch;
  MadeMachine machine(4);
  auto writer = RecordingWriter::create(scratch.file("r"), machine.options());
  ASSERT_TRUE(writer);
  const model::Sample& sample = machine.next_calm();
  ASSERT_TRUE(writer->add(sample, machine.registry));
  const auto again = writer->add(sample, machine.registry);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, Error::Kind::kUsage);
}

}  // namespace
}  // namespace leakscope::sources::recording
