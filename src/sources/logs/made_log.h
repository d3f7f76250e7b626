#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/text_cursor.h"
#include "sources/logs/log_reader.h"

namespace leakscope::sources::logs {

inline std::unique_ptr<ByteStream> bytes_of(std::string_view text) {
  const UniqueFd scratch(::memfd_create("log", MFD_CLOEXEC));
  EXPECT_EQ(::write(scratch.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(::lseek(scratch.get(), 0, SEEK_SET), 0);
  auto bytes = open_bytes(UniqueFd(::dup(scratch.get())), "made.txt");
  EXPECT_TRUE(bytes);
  return std::move(*bytes);
}

/// "free N" begins a block of "free N" and "used N" lines: as much of a format as the log's own tests need.
class MadeFormat final : public LogFormat {
 public:
  [[nodiscard]] std::string_view name() const override { return "made"; }
  [[nodiscard]] bool begins(std::string_view line) const override { return line.starts_with("free "); }
  [[nodiscard]] Answer take(std::string_view line, LogSink& sink) override {
    const bool free = line.starts_with("free ");
    if (free && taken_) return Answer::kNotMine;
    if (!free && (!taken_ || !line.starts_with("used "))) return Answer::kNotMine;
    const auto value = parse_number<std::int64_t>(line.substr(5));
    if (!value) return Answer::kUnreadable;
    taken_ = true;
    sink.readings().put(free ? model::Metric::kMeminfoMemFree : model::Metric::kMeminfoSlab, *value);
    return Answer::kTaken;
  }
  void finish(LogSink& /*sink*/) override { taken_ = false; }

 private:
  bool taken_ = false;
};

/// "pid N COMMAND CPU": one process per block, many per moment.
class MadeProcesses final : public LogFormat {
 public:
  [[nodiscard]] std::string_view name() const override { return "made processes"; }
  [[nodiscard]] bool begins(std::string_view line) const override { return line.starts_with("pid "); }
  [[nodiscard]] Answer take(std::string_view line, LogSink& sink) override {
    if (!begins(line)) return Answer::kNotMine;
    FieldCursor fields(line.substr(4));
    const auto pid = fields.next_number<std::int32_t>();
    const auto command = fields.next();
    const auto cpu = fields.next_number<std::int64_t>();
    if (!pid || !command || !cpu) return Answer::kUnreadable;
    sink.readings().put(sink.process(*pid, *command, Nanoseconds(*cpu)), model::Metric::kProcessRssAnon, 1);
    return Answer::kTaken;
  }
  void finish(LogSink& /*sink*/) override {}
  [[nodiscard]] bool several_per_moment() const override { return true; }
};

struct ReadLog {
  std::vector<model::Sample> samples;
  std::vector<model::Coverage> coverage;
  std::vector<model::Loss> losses;
  bool times_assumed = false;
  std::string host;

  /// Seconds of each sample after the first.
  [[nodiscard]] std::vector<double> seconds() const {
    std::vector<double> all;
    all.reserve(samples.size());
    for (const model::Sample& sample : samples) {
      all.push_back(std::chrono::duration<double>(sample.time.boot - samples.front().time.boot).count());
    }
    return all;
  }
  [[nodiscard]] std::vector<std::int64_t> values(model::Metric metric) const {
    std::vector<std::int64_t> all;
    for (const model::Sample& sample : samples) {
      for (const model::Reading& reading : sample.readings) {
        if (reading.metric == metric) all.push_back(reading.value);
      }
    }
    return all;
  }
  [[nodiscard]] std::uint64_t lost(std::string_view what) const {
    for (const model::Loss& loss : losses) {
      if (loss.what.find(what) != std::string::npos) return loss.count;
    }
    return 0;
  }
};

inline ReadLog read_logs(const std::vector<std::string>& texts,
                         const LogOptions& options = {.interval = {}, .guessed_year = 2026}) {
  std::vector<LogInput> inputs;
  inputs.reserve(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    inputs.push_back({"made" + std::to_string(i) + ".txt", bytes_of(texts[i])});
  }
  std::vector<std::unique_ptr<LogFormat>> formats;
  formats.push_back(std::make_unique<MadeFormat>());
  formats.push_back(std::make_unique<MadeProcesses>());
  LogReader reader(std::move(inputs), std::move(formats), std::make_shared<model::Registry>(), options);
  ReadLog log;
  for (;;) {
    model::Sample sample;
    const auto more = reader.next(sample);
    EXPECT_TRUE(more);
    if (!more || !*more) break;
    log.samples.push_back(std::move(sample));
  }
  log.coverage = reader.coverage();
  log.losses = reader.losses();
  log.times_assumed = reader.times_assumed();
  log.host = reader.host().hostname;
  return log;
}
inline ReadLog read_log(std::string text) { return read_logs({std::move(text)}); }

}  // namespace leakscope::sources::logs
