#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include <gtest/gtest.h>

#include "sources/recording/made_samples.h"
#include "sources/recording/summary.h"

namespace leakscope::sources::recording {
namespace {

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

TEST(Writer, MakesAFileThatOthersCannotRead) {
  ScratchDir scratch;
  const mode_t old = ::umask(0);
  auto writer = RecordingWriter::create(scratch.file("r"), MadeMachine(1).options());
  ::umask(old);
  ASSERT_TRUE(writer);
  struct stat status{};
  ASSERT_EQ(::stat(scratch.file("r").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST(Writer, MakesAnEmptyFileItsOwnAndLeavesOthersTheirMode) {
  ScratchDir scratch;
  const auto mode_after = [&](const std::string& path, mode_t mode) {
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    EXPECT_TRUE(RecordingWriter::create(path, MadeMachine(1).options()));
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777U;
  };
  std::ofstream(scratch.file("r")).close();
  EXPECT_EQ(mode_after(scratch.file("r"), 0644), 0600U);
  ASSERT_GT(std::filesystem::file_size(scratch.file("r")), 0U);
  EXPECT_EQ(mode_after(scratch.file("r"), 0640), 0640U) << "given to a group by who owns it";
}

TEST(Writer, FollowsNoSymbolicLink) {
  ScratchDir scratch;
  std::filesystem::create_symlink(scratch.file("target"), scratch.file("dangling"));
  std::ofstream(scratch.file("secret")) << "x";
  std::filesystem::create_symlink(scratch.file("secret"), scratch.file("link"));
  for (const Existing existing : {Existing::kAppend, Existing::kReplace}) {
    for (const char* name : {"dangling", "link"}) {
      WriterOptions options = MadeMachine(1).options();
      options.existing = existing;
      const auto writer = RecordingWriter::create(scratch.file(name), options);
      ASSERT_FALSE(writer);
      EXPECT_EQ(writer.error().kind, Error::Kind::kDenied) << to_string(writer.error());
    }
  }
  EXPECT_FALSE(std::filesystem::exists(scratch.file("target")));
  EXPECT_EQ(std::filesystem::file_size(scratch.file("secret")), 1U);
}

TEST(Writer, TakesAnExistingFileAsTold) {
  ScratchDir scratch;
  WriterOptions options = MadeMachine(1).options();
  {
    ASSERT_TRUE(RecordingWriter::create(scratch.file("r"), options));
  }
  options.existing = Existing::kRefuse;
  EXPECT_EQ(RecordingWriter::create(scratch.file("r"), options).error().kind, Error::Kind::kUsage);
  std::ofstream(scratch.file("text")) << "no recording";
  options.existing = Existing::kReplace;
  {
    ASSERT_TRUE(RecordingWriter::create(scratch.file("text"), options));
  }
  EXPECT_TRUE(summarize(scratch.file("text")));
  EXPECT_EQ(RecordingWriter::create(scratch.path() + "/", options).error().kind, Error::Kind::kUsage);
  EXPECT_EQ(RecordingWriter::create(scratch.file("no/such/folder"), options).error().kind, Error::Kind::kNotFound);
}

TEST(Writer, ASecondOneIsToldWhoWrites) {
  ScratchDir scratch;
  auto writer = RecordingWriter::create(scratch.file("r"), MadeMachine(1).options());
  ASSERT_TRUE(writer);
  const pid_t child = ::fork();
  if (child == 0) {
    // The child shares the open file, and so the lock, until it closes it: a lock taken anew is what counts.
    const auto second = RecordingWriter::create(scratch.file("r"), MadeMachine(2).options());
    const std::string who = "another leakscope (pid " + std::to_string(::getppid()) + ") is writing this file";
    ::_exit(!second && second.error().kind == Error::Kind::kBusy && second.error().what == who ? 0 : 1);
  }
  EXPECT_EQ(wait_for(child), 0);
  // Also within one process, where traditional locks would let it through.
  const auto third = RecordingWriter::create(scratch.file("r"), MadeMachine(3).options());
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind, Error::Kind::kBusy);
  *writer = RecordingWriter(std::move(*RecordingWriter::create(scratch.file("other"), MadeMachine(1).options())));
  EXPECT_TRUE(RecordingWriter::create(scratch.file("r"), MadeMachine(4).options()));
}

TEST(Writer, SessionsFollowEachOther) {
  ScratchDir scratch;
  MadeMachine machine(5);
  for (int session = 0; session < 3; ++session) {
    auto writer = RecordingWriter::create(scratch.file("r"), machine.options());
    ASSERT_TRUE(writer);
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(writer->add(machine.next_calm(), machine.registry));
    ASSERT_TRUE(writer->finish(machine.registry));
    machine.skip(std::chrono::minutes(20));
  }
  const ReadBack back = read_back(scratch.file("r"));
  ASSERT_EQ(back.samples.size(), 30U);
  for (std::size_t i = 0; i < back.samples.size(); ++i) {
    ASSERT_EQ(back.samples[i].events.size(), i == 10 || i == 20 ? 1U : 0U) << i;
  }
  EXPECT_TRUE(back.samples[10].events[0].starts_with("recording_gap - 'nobody recorded for 20 min'"))
      << back.samples[10].events[0];
  const auto summary = summarize(scratch.file("r"));
  ASSERT_TRUE(summary);
  ASSERT_EQ(summary->sessions.size(), 3U);
  EXPECT_EQ(summary->sessions[1].rows, 10U);
  EXPECT_EQ(summary->sessions[1].facts->host.hostname, "made");
  EXPECT_EQ(summary->sessions[1].ended->samples, 10U);
  EXPECT_EQ(summary->sessions[2].end->since_epoch - summary->sessions[2].start->since_epoch, std::chrono::seconds(45));
}

// Kills a child that records at random moments; what it said was flushed must be there.
TEST(Writer, KilledAtAnyMomentNothingFlushedIsLost) {
  ScratchDir scratch;
  std::mt19937 random(6);
  // At the limit from the start, so that retention is at work in each round.
  std::uint64_t before = 2000;
  {
    MadeMachine machine(6);
    WriterOptions options = machine.options();
    options.max_size = kMinMaxSize;
    options.block_length = std::chrono::seconds(60);
    auto writer = RecordingWriter::create(scratch.file("r"), options);
    ASSERT_TRUE(writer);
    for (std::uint64_t i = 0; i < before; ++i) ASSERT_TRUE(writer->add(machine.next_noise(60), machine.registry));
    ASSERT_TRUE(writer->finish(machine.registry));
  }
  for (int round = 0; round < 12; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      MadeMachine machine(7 + static_cast<unsigned>(round));
      machine.skip(std::chrono::hours((round + 1) * 100));
      WriterOptions options = machine.options();
      options.flush_every = std::chrono::seconds(10);
      options.block_length = std::chrono::seconds(60);
      options.max_size = kMinMaxSize;
      auto writer = RecordingWriter::create(scratch.file("r"), options);
      if (!writer) {
        std::fputs(to_string(writer.error()).c_str(), stderr);
        ::_exit(1);
      }
      std::uint64_t bytes = 0;
      for (std::uint64_t samples = 1;; ++samples) {
        if (!writer->add(machine.next_noise(60), machine.registry)) ::_exit(2);
        if (writer->stats().bytes_written == bytes) continue;
        bytes = writer->stats().bytes_written;
        if (::write(ends[1], &samples, sizeof samples) != sizeof samples) ::_exit(3);
      }
    }
    ::close(ends[1]);
    ::usleep(static_cast<useconds_t>(1000 + random() % 120'000));
    ::kill(child, SIGKILL);
    const int status = wait_for(child);
    ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
    std::uint64_t flushed = 0;
    for (std::uint64_t said = 0; ::read(ends[0], &said, sizeof said) == sizeof said;) flushed = said;
    ::close(ends[0]);
    const ReadBack back = glimpse_back(scratch.file("r"));
    ASSERT_FALSE(back.error) << to_string(*back.error);
    EXPECT_EQ(back.lost("damaged"), 0U);
    EXPECT_EQ(back.lost("samples lost"), 0U);
    const std::uint64_t kept = back.glimpses.size() + back.lost("merged") + back.lost("dropped");
    EXPECT_GE(kept + 1, before + flushed) << "round " << round;
    before = kept;
  }
  const auto summary = summarize(scratch.file("r"));
  ASSERT_TRUE(summary);
  EXPECT_TRUE(std::ranges::any_of(summary->sessions, [](const SessionSummary& s) { return s.thinning > 1; }))
      << "retention was never at work";
  // The next writer removes what retention may have left beside the file.
  {
    ASSERT_TRUE(RecordingWriter::create(scratch.file("r"), MadeMachine(1).options()));
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch.path()), {}), 1);
}

TEST(Writer, RemovesOnlyItsOwnLeftovers) {
  ScratchDir scratch;
  const std::vector<std::string> others = {".r.0123", ".r.0123456789abcdeX", ".rr.0123456789abcdef",
                                           "r.0123456789abcdef"};
  for (const std::string& name : others) std::ofstream(scratch.file(name)) << "x";
  std::ofstream(scratch.file(".r.0123456789abcdef")) << "x";
  ASSERT_TRUE(RecordingWriter::create(scratch.file("r"), MadeMachine(1).options()));
  EXPECT_FALSE(std::filesystem::exists(scratch.file(".r.0123456789abcdef")));
  for (const std::string& name : others) EXPECT_TRUE(std::filesystem::exists(scratch.file(name))) << name;
}

TEST(Writer, PacksTheChunksOfOneThatWasKilled) {
  ScratchDir scratch;
  MadeMachine machine(15);
  std::vector<Told> written;
  {
    auto writer = RecordingWriter::create(scratch.file("r"), machine.options());
    ASSERT_TRUE(writer);
    for (int i = 0; i < 60; ++i) {
      written.push_back(tell(machine.next_calm(), machine.registry));
      ASSERT_TRUE(writer->add(machine.sample, machine.registry));
    }
  }
  EXPECT_EQ(summarize(scratch.file("r"))->sessions.at(0).blocks, 10U);
  const auto before = std::filesystem::file_size(scratch.file("r"));
  {
    ASSERT_TRUE(RecordingWriter::create(scratch.file("r"), machine.options()));
  }
  EXPECT_EQ(summarize(scratch.file("r"))->sessions.at(0).blocks, 1U);
  EXPECT_LT(std::filesystem::file_size(scratch.file("r")), before);
  const ReadBack back = read_back(scratch.file("r"));
  EXPECT_EQ(back.samples, written);
  EXPECT_TRUE(back.losses.empty());
}

TEST(Writer, GoesOnWhenTheDiskHasSpaceAgain) {
  ScratchDir scratch;
  const std::string mount = scratch.file("disk");
  std::filesystem::create_directory(mount);
  if (::mount("none", mount.c_str(), "tmpfs", MS_NODEV | MS_NOSUID, "size=256k") != 0) {
    GTEST_SKIP() << "mounting a small tmpfs needs root";
  }
  struct Unmount {
    const std::string& where;
    ~Unmount() { ::umount2(where.c_str(), MNT_DETACH); }
  } unmount{mount};
  MadeMachine machine(8);
  std::vector<Told> written;
  {
    auto writer = RecordingWriter::create(mount + "/r", machine.options());
    ASSERT_TRUE(writer);
    const auto record = [&](int samples) {
      int errors = 0;
      for (int i = 0; i < samples; ++i) {
        written.push_back(tell(machine.next_calm(30), machine.registry));
        const auto added = writer->add(machine.sample, machine.registry);
        if (!added) {
          EXPECT_EQ(added.error().kind, Error::Kind::kIo) << to_string(added.error());
        }
        errors += added ? 0 : 1;
      }
      return errors;
    };
    EXPECT_EQ(record(20), 0);
    // Something else fills the disk.
    std::ofstream(mount + "/filler") << std::string(1 << 20, 'x') << std::flush;
    EXPECT_GT(record(400), 10);
    EXPECT_GT(writer->stats().failed_flushes, 10U);
    const ReadBack meanwhile = read_back(mount + "/r");
    EXPECT_FALSE(meanwhile.error);
    EXPECT_GE(meanwhile.samples.size(), 18U);
    std::filesystem::remove(mount + "/filler");
    EXPECT_LE(record(20), 0);
    ASSERT_TRUE(writer->finish(machine.registry));
    EXPECT_EQ(writer->stats().not_written, 0U);
  }
  const ReadBack back = read_back(mount + "/r");
  EXPECT_TRUE(back.losses.empty());
  EXPECT_EQ(back.samples, written);
}

TEST(Writer, AFileThatMayNotGrowStaysReadable) {
  ScratchDir scratch;
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{20'000, 20'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    MadeMachine machine(9);
    auto writer = RecordingWriter::create(scratch.file("r"), machine.options());
    if (!writer) ::_exit(1);
    int errors = 0;
    for (int i = 0; i < 300; ++i) errors += writer->add(machine.next_calm(40), machine.registry) ? 0 : 1;
    ::_exit(errors > 10 ? 0 : 2);
  }
  ASSERT_EQ(wait_for(child), 0);
  const ReadBack back = read_back(scratch.file("r"));
  EXPECT_FALSE(back.error);
  EXPECT_GT(back.samples.size(), 6U);
  EXPECT_TRUE(back.losses.empty());
}

TEST(Writer, AStreamIsReadAsItComes) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    MadeMachine machine(10);
    auto writer = RecordingWriter::create(UniqueFd(ends[1]), machine.options());
    if (!writer) ::_exit(1);
    for (int i = 0; i < 600; ++i) {
      if (!writer->add(machine.next_calm(), machine.registry)) ::_exit(2);
    }
    ::_exit(writer->finish(machine.registry) ? 0 : 3);
  }
  ::close(ends[1]);
  auto registry = std::make_shared<model::Registry>();
  const ReadBack back = read_all(open_recording(UniqueFd(ends[0]), "-", registry), *registry);
  EXPECT_EQ(wait_for(child), 0);
  EXPECT_FALSE(back.error);
  EXPECT_TRUE(back.losses.empty());
  MadeMachine machine(10);
  ASSERT_EQ(back.samples.size(), 600U);
  for (const Told& told : back.samples) ASSERT_EQ(told, tell(machine.next_calm(), machine.registry));
}

TEST(Writer, AReaderThatWentAwayIsAnError) {
  const auto old = ::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  MadeMachine machine(10);
  auto writer = RecordingWriter::create(UniqueFd(ends[1]), machine.options());
  ASSERT_TRUE(writer);
  ::close(ends[0]);
  ASSERT_TRUE(writer->add(machine.next_calm(), machine.registry));
  EXPECT_FALSE(writer->flush(machine.registry));
  EXPECT_EQ(writer->stats().not_written, 1U);
  ::signal(SIGPIPE, old);
}

}  // namespace
}  // namespace leakscope::sources::recording
