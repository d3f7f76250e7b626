#include "sources/recording/retention.h"

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "sources/recording/made_samples.h"
#include "sources/recording/summary.h"

namespace leakscope::sources::recording {
namespace {

struct Recorded {
  std::vector<Told> written;
  WriterStats stats;
};

Recorded record_limited(const std::string& path, MadeMachine& machine, int samples) {
  WriterOptions options = machine.options();
  options.max_size = kMinMaxSize;
  options.block_length = std::chrono::minutes(10);
  Recorded recorded;
  auto writer = RecordingWriter::create(path, options);
  EXPECT_TRUE(writer);
  for (int i = 0; i < samples; ++i) {
    machine.next_noise(40);
    if (i % 100 == 0) {
      machine.sample.events.push_back({machine.time(), model::EventKind::kOomKill, {}, std::to_string(i)});
    }
    recorded.written.push_back(tell(machine.sample, machine.registry));
    const auto added = writer->add(machine.sample, machine.registry);
    EXPECT_TRUE(added) << to_string(added.error());
    EXPECT_LE(std::filesystem::file_size(path), static_cast<std::uintmax_t>(kMinMaxSize.count()));
  }
  EXPECT_TRUE(writer->finish(machine.registry));
  recorded.stats = writer->stats();
  return recorded;
}

TEST(Retention, KeepsTheFileBelowItsLimitAndTheOldestCoarse) {
  ScratchDir scratch(ScratchDir::kInMemory);
  MadeMachine machine(1);
  const Recorded recorded = record_limited(scratch.file("r"), machine, 6000);
  EXPECT_GT(recorded.stats.thinned_blocks, 10U);
  EXPECT_EQ(recorded.stats.dropped_blocks, 0U);
  const ReadBack back = read_back(scratch.file("r"));
  ASSERT_FALSE(back.error);
  ASSERT_LT(back.samples.size(), 6000U);
  ASSERT_GT(back.samples.size(), 800U);
  EXPECT_EQ(back.samples.size() + back.lost("merged"), 6000U);
  EXPECT_EQ(back.lost("damaged"), 0U);
  EXPECT_EQ(back.lost("dropped"), 0U);
  // The first rows are still there, coarser; the last are as they were; each row is one that was written, as of its
  // end.
  EXPECT_LT(back.samples.front().time.boot - recorded.written.front().time.boot, std::chrono::minutes(10));
  std::size_t at = 0;
  for (const Told& told : back.samples) {
    while (recorded.written[at].time.boot != told.time.boot) ASSERT_LT(++at, recorded.written.size());
    ASSERT_EQ(told.readings, recorded.written[at].readings);
  }
  for (std::size_t i = 1; i <= 200; ++i) {
    ASSERT_EQ(*(back.samples.end() - static_cast<std::ptrdiff_t>(i)),
              *(recorded.written.end() - static_cast<std::ptrdiff_t>(i)));
  }
  // Events are never thinned away.
  std::size_t events = 0;
  for (const Told& told : back.samples) events += told.events.size();
  EXPECT_EQ(events, 60U);
  EXPECT_GE(summarize(scratch.file("r"))->sessions.at(0).thinning, 16U);
  // Nothing is left beside it.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch.path()), {}), 1);
}

TEST(Retention, AFileBeyondItsLimitTakesAnotherSession) {
  ScratchDir scratch(ScratchDir::kInMemory);
  MadeMachine machine(4);
  WriterOptions options = machine.options();
  {
    auto writer = RecordingWriter::create(scratch.file("r"), options);
    ASSERT_TRUE(writer);
    while (writer->stats().file_size < static_cast<std::uint64_t>(kMinMaxSize.count()) * 3 / 2) {
      ASSERT_TRUE(writer->add(machine.next_noise(100), machine.registry));
    }
  }
  options.max_size = kMinMaxSize;
  auto writer = RecordingWriter::create(scratch.file("r"), options);
  ASSERT_TRUE(writer) << to_string(writer.error());
  EXPECT_LE(std::filesystem::file_size(scratch.file("r")), static_cast<std::uintmax_t>(kMinMaxSize.count()));
  EXPECT_GT(writer->stats().thinned_blocks, 0U);
}

TEST(Retention, DropsTheOldestAtLastAndSaysSo) {
  ScratchDir scratch(ScratchDir::kInMemory);
  MadeMachine machine(2);
  WriterOptions options = machine.options();
  options.max_size = kMinMaxSize;
  options.block_length = std::chrono::minutes(2);
  options.flush_every = std::chrono::seconds(30);
  auto writer = RecordingWriter::create(scratch.file("r"), options);
  ASSERT_TRUE(writer);
  std::vector<Glimpse> written;
  for (int i = 0; i < 10'000; ++i) {
    written.push_back(glimpse(machine.next_noise(60)));
    ASSERT_TRUE(writer->add(machine.sample, machine.registry));
  }
  ASSERT_TRUE(writer->finish(machine.registry));
  EXPECT_LE(std::filesystem::file_size(scratch.file("r")), static_cast<std::uintmax_t>(kMinMaxSize.count()));
  EXPECT_GT(writer->stats().dropped_blocks, 0U);
  const ReadBack back = glimpse_back(scratch.file("r"));
  ASSERT_FALSE(back.error);
  EXPECT_GT(back.lost("dropped"), 0U);
  EXPECT_EQ(back.glimpses.size() + back.lost("merged") + back.lost("dropped"), 10'000U);
  EXPECT_EQ(back.glimpses.back(), written.back());
}

// A source that reports every third sample must not fall through the mesh.
TEST(Retention, SlowSourcesKeepTheirPoints) {
  ScratchDir scratch(ScratchDir::kInMemory);
  MadeMachine machine(3);
  WriterOptions options = machine.options();
  auto writer = RecordingWriter::create(scratch.file("r"), options);
  ASSERT_TRUE(writer);
  const model::SubjectId cache =
      machine.registry.intern(model::SubjectKey{model::SubjectKind::kSlabCache, "dentry", {}});
  for (int i = 0; i < 96; ++i) {
    machine.next_calm(5);
    if (i % 3 == 1) machine.sample.readings.push_back({cache, model::Metric::kSlabActiveObjects, i});
    ASSERT_TRUE(writer->add(machine.sample, machine.registry));
  }
  ASSERT_TRUE(writer->finish(machine.registry));
  *writer = std::move(*RecordingWriter::create(scratch.file("other"), options));

  auto file = RecordingFile::open(scratch.file("r"), Existing::kAppend);
  ASSERT_TRUE(file);
  const std::uint64_t before = file->size();
  ASSERT_TRUE(shrink(*file, before * 2 / 3, file->size(), 0, 3));
  EXPECT_LE(file->size(), before * 2 / 3);
  const ReadBack back = read_back(scratch.file("r"));
  std::size_t points = 0;
  for (const Told& told : back.samples) {
    for (const std::string& reading : told.readings) points += reading.find("dentry") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(points, back.samples.size());
  EXPECT_LT(back.samples.size(), 96U);
}

TEST(Retention, TheLockGoesOverToTheNewFile) {
  ScratchDir scratch;
  auto file = RecordingFile::open(scratch.file("r"), Existing::kAppend);
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->replace_all([](const RecordingFile::Append& append) { return append("anything"); }));
  const auto second = RecordingFile::open(scratch.file("r"), Existing::kAppend);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, Error::Kind::kBusy);
  // A failing rewrite leaves all as it was.
  const auto failed = file->replace_all([](const RecordingFile::Append& append) -> Result<> {
    EXPECT_TRUE(append("other"));
    return fail(Error::Kind::kIo, "test", "no");
  });
  EXPECT_FALSE(failed);
  EXPECT_EQ(std::filesystem::file_size(scratch.file("r")), 8U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch.path()), {}), 1);
  // A file that was moved away is not replaced at its old place.
  std::filesystem::rename(scratch.file("r"), scratch.file("moved"));
  const auto moved = file->replace_all([](const RecordingFile::Append& append) { return append("new"); });
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().kind, Error::Kind::kGone);
  EXPECT_FALSE(std::filesystem::exists(scratch.file("r")));
}

TEST(Retention, TooSmallLimitsAreSaid) {
  ScratchDir scratch;
  WriterOptions options = MadeMachine(1).options();
  options.max_size = Bytes(1000);
  const auto writer = RecordingWriter::create(scratch.file("r"), options);
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().kind, Error::Kind::kUsage);
  EXPECT_FALSE(std::filesystem::exists(scratch.file("r")));
  EXPECT_FALSE(RecordingWriter::create(UniqueFd(::open("/dev/null", O_WRONLY | O_CLOEXEC)), options));
}

}  // namespace
}  // namespace leakscope::sources::recording
