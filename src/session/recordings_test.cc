#include "session/recordings.h"

#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sources/recording/recording_writer.h"
#include "sources/test_tree.h"

namespace leakscope::session {
namespace {

using sources::TestTree;

constexpr auto kSecond = std::chrono::seconds(1);

/// So many samples, a second apart, from a second of boot and wall time on; the wall clock is 1000 s ahead.
struct Made {
  const char* boot_id = "first";
  int start = 100;
  int samples = 10;
};

void record(const std::string& path, const Made& made) {
  const auto moment = [&](int i) {
    const Nanoseconds boot = (made.start + i) * kSecond;
    return Moment{{boot}, {boot + 1000 * kSecond}, boot};
  };
  sources::recording::WriterOptions options;
  options.host.boot_id = made.boot_id;
  options.start = moment(0);
  options.sync = false;
  auto writer = sources::recording::RecordingWriter::create(path, options);
  ASSERT_TRUE(writer) << to_string(writer.error());
  model::Registry registry;
  for (int i = 0; i < made.samples; ++i) {
    model::Sample sample;
    sample.time = moment(i);
    model::SampleSink(registry, sample).put(model::Metric::kMeminfoMemFree, made.start + i);
    ASSERT_TRUE(writer->add(sample, registry));
  }
  ASSERT_TRUE(writer->finish(registry));
}

Until after(int seconds) { return Nanoseconds(seconds * kSecond); }
Until at(int wall_seconds) { return WallTime{wall_seconds * kSecond}; }

/// The first and last value, and whether something is said to be left out.
std::string seen(const std::vector<std::string>& paths, std::optional<Until> until) {
  const auto observation = observe_recordings(paths, until);
  if (!observation) return to_string(observation.error());
  const auto id = model::Registry::machine_id();
  std::string text = fmt::format("{} to {}", *(*observation)->first(id, model::Metric::kMeminfoMemFree),
                                 *(*observation)->last(id, model::Metric::kMeminfoMemFree));
  for (const model::Coverage& entry : (*observation)->coverage) text += ", " + entry.why;
  return text;
}

TEST(RecordingsUntil, ADurationCountsFromTheFirstSample) {
  const TestTree place;
  const std::string file = place.path() / "a.lsr";
  record(file, {});
  EXPECT_EQ(seen({file}, {}), "100 to 109");
  EXPECT_EQ(seen({file}, after(4)),
            "100 to 104, what was recorded after 1970-01-01T00:18:24.000Z was not judged (--until)");
  EXPECT_EQ(seen({file}, after(9)), "100 to 109");
  EXPECT_EQ(seen({file}, after(60)), "100 to 109");
}

TEST(RecordingsUntil, ATimeIsOneOfTheWallClock) {
  const TestTree place;
  const std::string file = place.path() / "a.lsr";
  record(file, {});
  EXPECT_EQ(seen({file}, at(1104)),
            "100 to 104, what was recorded after 1970-01-01T00:18:24.000Z was not judged (--until)");
  EXPECT_EQ(seen({file}, at(1109)), "100 to 109");
  EXPECT_EQ(seen({file}, at(1099)), "--until: nothing was recorded by then");
}

TEST(RecordingsUntil, TheLastBootBeforeATimeCounts) {
  const TestTree place;
  const std::string file = place.path() / "a.lsr";
  record(file, {});
  record(file, {.boot_id = "second", .start = 200});
  EXPECT_EQ(seen({file}, after(4)),
            "200 to 204, what was recorded after 1970-01-01T00:20:04.000Z was not judged (--until)");
  EXPECT_EQ(seen({file}, at(1104)),
            "100 to 104, what was recorded after 1970-01-01T00:18:24.000Z was not judged (--until)");
  EXPECT_EQ(seen({file}, at(1150)),
            "100 to 109, what was recorded after 1970-01-01T00:18:29.000Z was not judged (--until)");
  EXPECT_EQ(seen({file}, at(1203)),
            "200 to 203, what was recorded before the last boot was not judged, "
            "what was recorded after 1970-01-01T00:20:03.000Z was not judged (--until)");
}

TEST(RecordingsUntil, OfSeveralFilesThoseAfterItAreNotRead) {
  const TestTree place;
  const std::string early = place.path() / "early.lsr";
  const std::string late = place.path() / "late.lsr";
  const std::string other_boot = place.path() / "other.lsr";
  record(early, {});
  record(late, {.start = 120});
  record(other_boot, {.boot_id = "second", .start = 200});
  EXPECT_EQ(seen({late, early}, after(22)),
            "100 to 122, what was recorded after 1970-01-01T00:18:42.000Z was not judged (--until)");
  EXPECT_EQ(seen({late, early}, after(15)),
            "100 to 109, what was recorded after 1970-01-01T00:18:29.000Z was not judged (--until)");
  EXPECT_EQ(seen({other_boot, late, early}, at(1121)),
            "100 to 121, what was recorded after 1970-01-01T00:18:41.000Z was not judged (--until)");
}

TEST(RecordingsUntil, MakesNoSenseWithAnythingElse) {
  const TestTree place;
  place.write("proc/meminfo", "MemTotal: 1000 kB\n");
  const auto seen = observe_evidence({place.path()}, {.until = after(5)});
  ASSERT_FALSE(seen);
  EXPECT_EQ(to_string(seen.error()), "--until: makes sense with a recording only");
}

}  // namespace
}  // namespace leakscope::session
