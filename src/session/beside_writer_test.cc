#include "session/beside_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <future>
#include <optional>

#include <gtest/gtest.h>

#include "sources/recording/made_samples.h"

namespace leakscope::session {
namespace {

namespace rec = sources::recording;

/// A made machine whose registry a writer may hold on to for as long as it hangs.
struct Machine {
  std::shared_ptr<rec::MadeMachine> made = std::make_shared<rec::MadeMachine>(1);
  std::shared_ptr<model::Registry> registry{made, &made->registry};
};

struct Pipe {
  Pipe() {
    ::signal(SIGPIPE, SIG_IGN);  // as the program does; a writer that hung may outlive its test
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    read = UniqueFd(ends[0]);
    write = UniqueFd(ends[1]);
    ::fcntl(read.get(), F_SETPIPE_SZ, 4096);
  }
  UniqueFd read;
  UniqueFd write;
};

BesideWriter::Open into(const std::string& path, const rec::WriterOptions& options) {
  return [=] { return rec::RecordingWriter::create(path, options); };
}

/// Each sample is written at once, so that a pipe that nobody reads is full soon.
BesideWriter::Open into(const UniqueFd& stream, rec::WriterOptions options) {
  options.flush_every = Nanoseconds{0};
  return [fd = ::dup(stream.get()), options] { return rec::RecordingWriter::create(UniqueFd(fd), options); };
}

StopFlag make_stop() {
  auto stop = StopFlag::make();
  if (!stop) std::abort();
  return std::move(*stop);
}

BesideWriterOptions impatient(std::size_t bytes = 20'000) {
  return {.name = "r", .most_waiting_bytes = bytes, .patience = std::chrono::milliseconds(20)};
}

TEST(BesideWriter, WritesWhatItIsGiven) {
  rec::ScratchDir scratch;
  Machine machine;
  const StopFlag stop = make_stop();
  std::vector<rec::Told> told;
  {
    BesideWriter writer(into(scratch.file("r"), machine.made->options()), machine.registry, {.name = "r"});
    ASSERT_TRUE(writer.wait_open(stop));
    for (int i = 0; i < 200; ++i) {
      told.push_back(rec::tell(machine.made->next_calm(), machine.made->registry));
      writer.add(machine.made->sample);
    }
    ASSERT_TRUE(writer.finish());
    const WritingStatus status = writer.status();
    EXPECT_EQ(status.dropped, 0U);
    EXPECT_EQ(status.waiting, 0U);
    EXPECT_EQ(status.stats.samples, 200U);
    EXPECT_EQ(status.stats.in_memory, 0U);
    EXPECT_FALSE(status.error);
  }
  const rec::ReadBack back = rec::read_back(scratch.file("r"));
  EXPECT_EQ(back.samples, told);
  EXPECT_TRUE(back.losses.empty());
}

TEST(BesideWriter, SamplingAndTheEndDoNotWaitForAReaderThatHangs) {
  Pipe pipe;
  Machine machine;
  const StopFlag stop = make_stop();
  BesideWriter writer(into(pipe.write, machine.made->options()), machine.registry, impatient());
  ASSERT_TRUE(writer.wait_open(stop));
  std::uint64_t given = 0;
  while (writer.status().dropped < 10 || writer.status().hanging < std::chrono::milliseconds(5)) {
    machine.made->next_noise(60);
    writer.add(machine.made->sample);
    ++given;
  }
  EXPECT_GE(writer.status().waiting, 2U);
  const auto finished = writer.finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().kind, Error::Kind::kTimeout);
  EXPECT_NE(finished.error().what.find("samples, at most, are not in the recording"), std::string::npos)
      << finished.error().what;
  EXPECT_LT(writer.status().stats.samples + writer.status().dropped, given);
}

TEST(BesideWriter, WhatWasDroppedIsALossOfTheRecording) {
  Pipe pipe;
  Machine machine;
  const StopFlag stop = make_stop();
  BesideWriter writer(into(pipe.write, machine.made->options()), machine.registry,
                      {.name = "r", .most_waiting_bytes = 20'000});
  pipe.write.reset();
  ASSERT_TRUE(writer.wait_open(stop));
  std::uint64_t given = 0;
  const auto give = [&] {
    machine.made->next_wild();
    writer.add(machine.made->sample);
    ++given;
  };
  while (writer.status().dropped < 50) give();
  auto registry = std::make_shared<model::Registry>();
  auto read = std::async(std::launch::async, [&] {
    return rec::read_all(rec::open_recording(std::move(pipe.read), "-", registry), *registry);
  });
  while (writer.status().waiting > 0) ::usleep(1000);
  give();
  ASSERT_TRUE(writer.finish());
  const std::uint64_t dropped = writer.status().dropped;
  const rec::ReadBack back = read.get();
  EXPECT_FALSE(back.error);
  EXPECT_EQ(back.samples.size(), given - dropped);
  EXPECT_EQ(back.lost("samples dropped because they could not be written in time"), dropped);
  EXPECT_EQ(back.lost("damaged"), 0U);
  std::size_t gaps = 0;
  for (const rec::Told& told : back.samples) {
    for (const std::string& event : told.events) gaps += event.starts_with("recording_gap") ? 1U : 0U;
  }
  EXPECT_GE(gaps, 1U);
  // Whoever ended meanwhile is known to have ended.
  std::size_t living = 0;
  std::size_t living_there = 0;
  for (std::uint32_t i = 0; i < registry->size(); ++i) living += registry->info({i}).retired ? 0U : 1U;
  for (std::uint32_t i = 0; i < machine.registry->size(); ++i) {
    living_there += machine.registry->info({i}).retired ? 0U : 1U;
  }
  EXPECT_LE(living, living_there);
}

TEST(BesideWriter, AReaderThatWentAwayIsTheEnd) {
  Pipe pipe;
  Machine machine;
  const StopFlag stop = make_stop();
  BesideWriter writer(into(pipe.write, machine.made->options()), machine.registry, {.name = "-"});
  ASSERT_TRUE(writer.wait_open(stop));
  pipe.read.reset();
  while (!writer.status().over) {
    machine.made->next_calm();
    writer.add(machine.made->sample);
  }
  const auto finished = writer.finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().kind, Error::Kind::kGone);
}

TEST(BesideWriter, StopsWhileItIsBeingOpened) {
  const auto pipe = std::make_shared<Pipe>();  // the writer that hangs may be the last to let go of it
  Machine machine;
  const StopFlag stop = make_stop();
  {
    const auto hang = [pipe]() -> Result<rec::RecordingWriter> {
      char byte = 0;
      [[maybe_unused]] const ssize_t got = ::read(pipe->read.get(), &byte, 1);
      return fail(Error::Kind::kIo, "r", "broken");
    };
    BesideWriter writer(hang, machine.registry, {.name = "r"});
    stop.raise();
    const auto opened = writer.wait_open(stop);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, Error::Kind::kTimeout);
  }
  pipe->write.reset();
}

TEST(BesideWriter, TellsWhyItCannotBeOpened) {
  Machine machine;
  BesideWriter writer(into("/no/such/folder/r", machine.made->options()), machine.registry, {.name = "r"});
  const auto opened = writer.wait_open(make_stop());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, Error::Kind::kNotFound);
}

TEST(BesideWriter, ForgetsWhatItIsThroughWith) {
  rec::ScratchDir scratch;
  Machine machine;
  BesideWriter writer(into(scratch.file("r"), machine.made->options()), machine.registry, {.name = "r"});
  ASSERT_TRUE(writer.wait_open(make_stop()));
  std::optional<model::SubjectId> before;
  for (int i = 0; i < 3000; ++i) {
    machine.made->next_calm(1);
    if (before) {
      machine.registry->retire(*before);
      machine.made->sample.retired.push_back(*before);
    }
    before = machine.registry->intern(model::SubjectKey{
        model::SubjectKind::kProcess, "sh", ProcessId{Pid{7}, StartTime{static_cast<std::uint64_t>(i) + 1'000'000}}});
    machine.made->sample.readings.push_back({*before, model::Metric::kProcessRssAnon, i});
    writer.add(machine.made->sample);
    while (writer.status().waiting > 10) ::usleep(100);
  }
  ASSERT_TRUE(writer.finish());
  EXPECT_LT(machine.registry->known(), 100U);
  // Each of them is told as it was.
  const rec::ReadBack back = rec::read_back(scratch.file("r"));
  ASSERT_EQ(back.samples.size(), 3000U);
  for (std::size_t i = 1; i < back.samples.size(); ++i) {
    const rec::Told& told = back.samples[i];
    ASSERT_EQ(told.retired.size(), 1U) << i;
    ASSERT_TRUE(told.retired[0].starts_with("process 'sh' 7/")) << told.retired[0];
  }
}

}  // namespace
}  // namespace leakscope::session
