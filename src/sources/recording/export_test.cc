#include "sources/recording/export.h"

#include <gtest/gtest.h>

#include "sources/recording/made_samples.h"

namespace leakscope::sources::recording {
namespace {

class OneSample final : public SampleStream {
 public:
  explicit OneSample(model::Sample sample) : sample_(std::move(sample)) {}
  Result<bool> next(model::Sample& sample) override {
    sample = sample_;
    return !std::exchange(given_, true);
  }
  const model::Host& host() const override { return host_; }
  std::vector<model::Coverage> coverage() const override { return {}; }
  std::vector<model::Loss> losses() const override { return {}; }

 private:
  model::Sample sample_;
  model::Host host_;
  bool given_ = false;
};

class Export : public ::testing::Test {
 protected:
  Export() {
    sample_.time.wall.since_epoch = std::chrono::milliseconds(1'700'000'000'123);
    const model::SubjectId process = registry_.intern(
        model::SubjectKey{model::SubjectKind::kProcess, "a,\"b\"\n\xff\xc3\xa4\\", ProcessId{Pid{812}, StartTime{15}}});
    sample_.readings = {{model::Registry::machine_id(), model::Metric::kMeminfoMemFree, 4096},
                        {process, model::Metric::kProcessThreads, INT64_MIN}};
  }
  TextSink sink() {
    return [this](std::string_view text) -> Result<> {
      text_ += text;
      return {};
    };
  }
  model::Registry registry_;
  model::Sample sample_;
  std::string text_;
};

TEST_F(Export, Csv) {
  OneSample stream(sample_);
  ASSERT_TRUE(export_csv(stream, registry_, sink()));
  EXPECT_EQ(text_,
            "time,subject_kind,subject,pid,start,metric,unit,value\n"
            "2023-11-14T22:13:20.123Z,machine,,,,meminfo.MemFree,bytes,4096\n"
            "2023-11-14T22:13:20.123Z,process,\"a,\"\"b\"\"\\x0a\\xff\xc3\xa4\\\\\",812,0.15,process.threads,count,"
            "-9223372036854775808\n");
}

TEST_F(Export, Ndjson) {
  OneSample stream(sample_);
  ASSERT_TRUE(export_ndjson(stream, registry_, sink()));
  EXPECT_EQ(
      text_,
      "{\"time\":\"2023-11-14T22:13:20.123Z\",\"subject\":{\"kind\":\"machine\",\"name\":\"\"},"
      "\"metric\":\"meminfo.MemFree\",\"unit\":\"bytes\",\"value\":4096}\n"
      "{\"time\":\"2023-11-14T22:13:20.123Z\",\"subject\":{\"kind\":\"process\",\"name\":"
      "\"a,\\\"b\\\"\\\\x0a\\\\xff\xc3\xa4\\\\\\\\\",\"pid\":812,\"start_time\":0.15},\"metric\":\"process.threads\","
      "\"unit\":\"count\",\"value\":-9223372036854775808}\n");
}

TEST_F(Export, StartTimesAreSecondsWhereKnown) {
  const auto started = [&](StartTime start) {
    text_.clear();
    sample_.readings = {
        {registry_.intern(model::SubjectKey{model::SubjectKind::kProcess, "a", ProcessId{Pid{1}, start}}),
         model::Metric::kProcessThreads, 1}};
    OneSample csv(sample_);
    EXPECT_TRUE(export_csv(csv, registry_, sink()));
    OneSample ndjson(sample_);
    EXPECT_TRUE(export_ndjson(ndjson, registry_, sink()));
    return text_;
  };
  const std::string whole = started(StartTime{80000});
  EXPECT_NE(whole.find(",1,800.0,"), std::string::npos) << whole;
  EXPECT_NE(whole.find("\"start_time\":800.0}"), std::string::npos) << whole;
  const std::string tenths = started(StartTime{1510});
  EXPECT_NE(tenths.find(",1,15.1,"), std::string::npos) << tenths;
  const std::string unknown = started(StartTime::unknown(7));
  EXPECT_NE(unknown.find(",1,,process.threads"), std::string::npos) << unknown;
  EXPECT_NE(unknown.find("\"start_time\":null}"), std::string::npos) << unknown;
}

TEST_F(Export, AnErrorOfTheOutputEndsIt) {
  OneSample stream(sample_);
  const auto ended =
      export_csv(stream, registry_, [](std::string_view) -> Result<> { return fail(Error::Kind::kIo, "-", "full"); });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().what, "full");
}

TEST_F(Export, OfALongRecordingEveryReadingIsALine) {
  ScratchDir scratch;
  MadeMachine machine(1);
  auto writer = RecordingWriter::create(scratch.file("r"), machine.options());
  std::size_t readings = 0;
  for (int i = 0; i < 300; ++i) {
    readings += machine.next_wild().readings.size();
    ASSERT_TRUE(writer->add(machine.sample, machine.registry));
  }
  ASSERT_TRUE(writer->finish(machine.registry));
  auto registry = std::make_shared<model::Registry>();
  auto stream = open_recording(scratch.file("r"), registry);
  ASSERT_TRUE(stream);
  ASSERT_TRUE(export_ndjson(**stream, *registry, sink()));
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(text_, '\n')), readings);
}

}  // namespace
}  // namespace leakscope::sources::recording
