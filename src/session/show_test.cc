#include "session/show.h"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "sources/recording/recording_writer.h"

namespace leakscope::session {
namespace {

class ShowTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "show-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path = folder_ / "made.lsr";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// Three samples, 5 s apart, of the machine and a program with an awkward name.
  void record(std::string_view boot_id) {
    model::Registry registry;
    const model::SubjectId program = registry.intern(
        model::SubjectKey{model::SubjectKind::kProcess, "a,\"b\"\n", ProcessId{Pid{812}, StartTime{1503}}});
    const Moment start = SystemClock().now();
    sources::recording::WriterOptions options;
    options.host.boot_id = boot_id;
    options.host.kernel_release = "6.18.0-made";
    options.host.kernel_version = "Linux version 6.18.0-made";
    options.host.command_line = "root page_owner=on";
    options.host.cgroup_version = 2;
    options.host.modules = {"ext4", "xfs"};
    options.start = start;
    options.interval = std::chrono::seconds(5);
    options.sync = false;
    auto writer = sources::recording::RecordingWriter::create(path, options);
    ASSERT_TRUE(writer) << to_string(writer.error());
    for (int i = 0; i < 3; ++i) {
      model::Sample sample;
      const Nanoseconds later = i * std::chrono::seconds(5);
      sample.time = {{start.boot.since_boot + later}, {start.wall.since_epoch + later}, start.monotonic + later};
      model::SampleSink sink(registry, sample);
      sink.put(model::Metric::kMeminfoMemFree, std::int64_t{4096} * i);
      sink.put(program, model::Metric::kProcessRssAnon, 8192);
      if (i == 1) sample.events.push_back({sample.time, model::EventKind::kOomKill, program, "killed"});
      ASSERT_TRUE(writer->add(sample, registry));
    }
    ASSERT_TRUE(writer->finish(registry));
  }

  [[nodiscard]] std::string exported(ExportFormat format) const {
    std::string text;
    const auto lost = export_recording(path, format, [&](std::string_view piece) {
      text += piece;
      return Result<>();
    });
    EXPECT_TRUE(lost);
    return text;
  }

  std::string path;

 private:
  std::filesystem::path folder_;
};

const report::Table* table(const report::Document& document, std::string_view id) {
  const auto found = std::ranges::find(document.tables, id, &report::Table::id);
  return found == document.tables.end() ? nullptr : &*found;
}

TEST_F(ShowTest, TellsWhatIsThere) {
  record("first");
  record("second");
  const auto document = show_recording(path);
  ASSERT_TRUE(document) << to_string(document.error());
  EXPECT_EQ(document->command, "show");
  EXPECT_EQ(document->host.boot_id, "second");
  ASSERT_TRUE(document->window);
  EXPECT_EQ(document->window->samples, 6U);
  const report::Table* sessions = table(*document, "sessions");
  ASSERT_NE(sessions, nullptr);
  ASSERT_EQ(sessions->rows.size(), 2U);
  EXPECT_EQ(sessions->rows[0][2], report::Cell(std::int64_t{3}));
  EXPECT_EQ(sessions->rows[0][6], report::Cell(std::int64_t{1}));
  EXPECT_EQ(sessions->rows[1][6], report::Cell(std::int64_t{2}));
  const report::Table* subjects = table(*document, "subjects");
  ASSERT_NE(subjects, nullptr);
  ASSERT_EQ(subjects->rows.size(), 2U);
  EXPECT_EQ(subjects->rows[0], (std::vector<report::Cell>{"machine", std::int64_t{1}, std::int64_t{6}}));
  // Of different boots, so two processes.
  EXPECT_EQ(subjects->rows[1], (std::vector<report::Cell>{"process", std::int64_t{2}, std::int64_t{6}}));
  const report::Table* events = table(*document, "event_kinds");
  ASSERT_NE(events, nullptr);
  EXPECT_EQ(events->rows[0][1], report::Cell(std::int64_t{2}));
}

TEST_F(ShowTest, TellsWhatTheMachineIs) {
  record("first");
  const auto document = show_recording(path);
  ASSERT_TRUE(document) << to_string(document.error());
  const report::Table* host = table(*document, "host");
  ASSERT_NE(host, nullptr);
  const auto has = [&](const char* fact, const char* value) {
    return std::ranges::find(host->rows, std::vector<report::Cell>{fact, value}) != host->rows.end();
  };
  EXPECT_TRUE(has("kernel", "Linux version 6.18.0-made"));
  EXPECT_TRUE(has("cgroups", "v2"));
  EXPECT_TRUE(has("boot id", "first"));
  EXPECT_TRUE(has("modules", "2"));
  EXPECT_EQ(document->details,
            (std::vector<std::string>{"Command line of the kernel: root page_owner=on", "Modules: ext4, xfs"}));
}

TEST_F(ShowTest, ARecordingThatWasCutIsShownUpToTheCut) {
  record("first");
  record("first");
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 300);
  const auto document = show_recording(path);
  ASSERT_TRUE(document) << to_string(document.error());
  EXPECT_EQ(document->window->samples, 3U);
  EXPECT_FALSE(document->losses.empty());
}

TEST_F(ShowTest, ExportsEveryReadingAsALine) {
  record("first");
  const std::string csv = exported(ExportFormat::kCsv);
  EXPECT_EQ(std::ranges::count(csv, '\n'), 7);  // three samples of two readings, and the names
  EXPECT_NE(csv.find(",812,15.03,process.rss_anon,bytes,8192\n"), std::string::npos) << csv;
  const std::string ndjson = exported(ExportFormat::kNdjson);
  EXPECT_EQ(std::ranges::count(ndjson, '\n'), 6);
}

TEST_F(ShowTest, AnErrorOfTheReaderEndsTheExport) {
  record("first");
  const auto done = export_recording(
      path, ExportFormat::kCsv, [](std::string_view) -> Result<> { return fail(Error::Kind::kGone, "-", "gone"); });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, Error::Kind::kGone);
}

TEST_F(ShowTest, OtherFilesAreErrors) {
  EXPECT_EQ(show_recording(path).error().kind, Error::Kind::kNotFound);
  EXPECT_FALSE(show_recording("/proc/self/stat"));
  EXPECT_FALSE(show_recording("/"));
}

}  // namespace
}  // namespace leakscope::session
