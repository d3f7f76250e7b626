#include "sources/recording/profile_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "sources/recording/frame_scan.h"
#include "sources/recording/made_profile.h"
#include "sources/recording/made_samples.h"
#include "sources/recording/profile_sites.h"

namespace leakscope::sources::recording {
namespace {

const ProfileWriteOptions kQuick{.tool_version = "1.2", .sync = false};

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void put_contents(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

model::Host made_host() {
  model::Host host;
  host.hostname = "db\xff";
  host.kernel_release = "6.12";
  host.boot_id = "b";
  host.cpus = 2;
  return host;
}

std::uint64_t loss_of(const SavedProfile& saved, std::string_view what) {
  for (const model::Loss& loss : saved.losses) {
    if (loss.source == "profile" && loss.what == what) return loss.count;
  }
  return 0;
}

std::vector<FrameRef> frames_of(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return scan_frames(fd.get(), path)->frames;
}

class ProfileFile : public testing::Test {
 protected:
  // Of so many sites; gives what was written.
  model::Profile write(std::size_t sites, std::uint32_t seed = 1) {
    MadeProfile made(seed);
    model::Profile profile = made.profile(sites);
    coverage_ = made.coverage();
    losses_ = made.losses();
    const auto written = write_profile(path_, made_host(), profile, coverage_, losses_, kQuick);
    EXPECT_TRUE(written) << to_string(written.error());
    return profile;
  }

  ScratchDir scratch_{ScratchDir::kInMemory};
  std::string path_ = scratch_.file("profile.lsp");
  std::vector<model::Coverage> coverage_;
  std::vector<model::Loss> losses_;
};

TEST_F(ProfileFile, ComesBackAsItWas) {
  for (const std::size_t sites : {0, 1, 50, 1024, 1025, 2500}) {
    std::filesystem::remove(path_);
    const model::Profile profile = write(sites, static_cast<std::uint32_t>(sites));
    const auto saved = read_profile(path_);
    ASSERT_TRUE(saved) << to_string(saved.error());
    EXPECT_EQ(saved->profile, profile);
    EXPECT_EQ(saved->host, made_host());
    EXPECT_EQ(saved->tool_version, "1.2");
    EXPECT_EQ(saved->coverage, coverage_);
    EXPECT_EQ(saved->losses, losses_);
    // Session, head, sites, end.
    EXPECT_EQ(frames_of(path_).size(), 3 + (sites + kSitesPerFrame - 1) / kSitesPerFrame);
  }
}

TEST_F(ProfileFile, CutAtEveryByteNothingWholeIsLost) {
  const model::Profile profile = write(40);
  const std::string whole = contents(path_);
  const std::vector<FrameRef> frames = frames_of(path_);
  const std::string cut = scratch_.file("cut");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    put_contents(cut, std::string_view(whole).substr(0, size));
    const auto saved = read_profile(cut);
    ASSERT_EQ(saved.has_value(), size >= frames[1].end()) << size;
    if (!saved) {
      EXPECT_EQ(saved.error().kind, size == frames[0].end() ? Error::Kind::kUsage : Error::Kind::kTruncated) << size;
      continue;
    }
    EXPECT_EQ(saved->host, made_host());
    const bool has_sites = size >= frames[2].end();
    EXPECT_EQ(saved->profile.sites.size(), has_sites ? 40U : 0U) << size;
    EXPECT_EQ(loss_of(*saved, "sites that the file lacks"), has_sites ? 0U : 40U) << size;
    EXPECT_EQ(saved->profile.title, profile.title);
  }
}

TEST_F(ProfileFile, ADamagedFrameCostsItsSites) {
  const model::Profile profile = write(2500);
  const std::vector<FrameRef> frames = frames_of(path_);
  std::string bytes = contents(path_);
  bytes[frames[3].offset + kHeaderSize + 10] ^= 1;  // the second frame of sites
  put_contents(path_, bytes);
  const auto saved = read_profile(path_);
  ASSERT_TRUE(saved);
  EXPECT_EQ(saved->profile.sites.size(), 2500 - kSitesPerFrame);
  EXPECT_EQ(saved->profile.sites.back(), profile.sites.back());
  EXPECT_EQ(loss_of(*saved, "sites that the file lacks"), kSitesPerFrame);
  EXPECT_EQ(loss_of(*saved, "damaged parts of the file"), 1U);
}

TEST_F(ProfileFile, FramesOfAnotherPlaceAreNotTaken) {
  write(2500);
  const std::vector<FrameRef> frames = frames_of(path_);
  const std::string bytes = contents(path_);
  const auto piece = [&](const FrameRef& frame) { return bytes.substr(frame.offset, frame.header.frame_size()); };
  // Twice, and before its time.
  put_contents(path_, piece(frames[0]) + piece(frames[1]) + piece(frames[4]) + piece(frames[4]) + piece(frames[2]));
  const auto saved = read_profile(path_);
  ASSERT_TRUE(saved);
  EXPECT_EQ(saved->profile.sites.size(), 2500 - 2 * kSitesPerFrame);
  EXPECT_EQ(loss_of(*saved, "sites that the file lacks"), 2 * kSitesPerFrame);
}

TEST_F(ProfileFile, GoesThroughAPipe) {
  MadeProfile made(4);
  const model::Profile profile = made.profile(3000);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Result<> written;
  std::thread writer([&] { written = write_profile(UniqueFd(ends[1]), made_host(), profile, {}, {}, kQuick); });
  const auto saved = read_profile(UniqueFd(ends[0]), "-");
  writer.join();
  ASSERT_TRUE(written);
  ASSERT_TRUE(saved) << to_string(saved.error());
  EXPECT_EQ(saved->profile, profile);
}

TEST_F(ProfileFile, IsPrivateAndTakesNobodysPlace) {
  write(3);
  struct stat status{};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  const std::string before = contents(path_);
  auto again = write_profile(path_, {}, {}, {}, {}, kQuick);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, Error::Kind::kUsage);
  EXPECT_EQ(again.error().hint, "Give a file that does not exist, or --force to replace this one");
  EXPECT_EQ(contents(path_), before);

  const std::string link = scratch_.file("link");
  std::filesystem::create_symlink(scratch_.file("elsewhere"), link);
  for (const bool force : {false, true}) {
    EXPECT_FALSE(write_profile(link, {}, {}, {}, {}, {.force = force}));
    EXPECT_FALSE(std::filesystem::exists(scratch_.file("elsewhere")));
  }
}

TEST_F(ProfileFile, ForceReplacesWhatIsThere) {
  put_contents(path_, std::string(100'000, 'x'));
  std::filesystem::permissions(path_, std::filesystem::perms(0644));
  MadeProfile made(9);
  const model::Profile profile = made.profile(5);
  ASSERT_TRUE(write_profile(path_, made_host(), profile, {}, {}, {.force = true, .sync = false}));
  const auto saved = read_profile(path_);
  ASSERT_TRUE(saved);
  EXPECT_EQ(saved->profile, profile);
  EXPECT_TRUE(saved->losses.empty());
  EXPECT_EQ(std::filesystem::status(path_).permissions(), std::filesystem::perms(0600));
}

TEST_F(ProfileFile, OfSeveralTheLastIsRead) {
  write(5, 1);
  const std::string first = contents(path_);
  std::filesystem::remove(path_);
  const model::Profile second = write(7, 2);
  put_contents(path_, first + contents(path_));
  const auto saved = read_profile(path_);
  ASSERT_TRUE(saved);
  EXPECT_EQ(saved->profile, second);
  EXPECT_TRUE(loss_of(*saved, "sites that the file lacks") == 0);
}

TEST_F(ProfileFile, WhatIsNoneIsSaid) {
  put_contents(path_, "");
  EXPECT_EQ(read_profile(path_).error().kind, Error::Kind::kTruncated);
  EXPECT_EQ(read_profile(path_).error().what, "is empty");
  put_contents(path_, "alloc_inode 4096\n");
  EXPECT_EQ(read_profile(path_).error().kind, Error::Kind::kMalformed);
  EXPECT_EQ(read_profile(scratch_.file("none")).error().kind, Error::Kind::kNotFound);
}

TEST_F(ProfileFile, IsToldFromARecording) {
  MadeMachine machine(3);
  {
    auto writer = RecordingWriter::create(scratch_.file("night.lsr"), machine.options());
    ASSERT_TRUE(writer);
  }
  const std::string begun = contents(scratch_.file("night.lsr"));
  EXPECT_EQ(contents_of(begun), Contents::kSamples);
  EXPECT_EQ(read_profile(scratch_.file("night.lsr")).error().kind, Error::Kind::kUsage);

  write(2000);
  const std::string bytes = contents(path_);
  EXPECT_EQ(contents_of(bytes), Contents::kProfile);
  EXPECT_EQ(contents_of(std::string_view(bytes).substr(0, 4096)), Contents::kProfile);
  std::string damaged = bytes;
  damaged[20] ^= 1;
  EXPECT_EQ(contents_of(damaged), Contents::kProfile);
  EXPECT_EQ(contents_of(""), Contents::kNothing);
  EXPECT_EQ(contents_of(kMagic), Contents::kNothing);
  EXPECT_EQ(contents_of("MemTotal: 1 kB"), Contents::kNothing);
  const UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(contents_of(fd.get(), path_), Contents::kProfile);
}

// Readers of recordings from before there were profiles see a session without samples.
TEST_F(ProfileFile, AReaderOfSamplesFindsNone) {
  write(10);
  auto stream = open_recording(path_, std::make_shared<model::Registry>());
  ASSERT_TRUE(stream) << to_string(stream.error());
  model::Sample sample;
  EXPECT_FALSE((*stream)->next(sample).value());
  EXPECT_TRUE((*stream)->losses().empty());
}

TEST_F(ProfileFile, WhatAFileCannotHoldIsALoss) {
  model::Profile profile;
  profile.sites.resize(1);
  profile.sites[0].note = std::string(5000, 'x');
  ASSERT_TRUE(write_profile(path_, {}, profile, {}, {}, kQuick));
  EXPECT_EQ(loss_of(*read_profile(path_), "texts, lists and figures that a file cannot hold"), 1U);
}

TEST_F(ProfileFile, AFullDiskIsAnError) {
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  if (!full.is_open()) GTEST_SKIP() << "no /dev/full";
  MadeProfile made(1);
  const auto written = write_profile(UniqueFd(::dup(full.get())), {}, made.profile(3), {}, {}, kQuick);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, Error::Kind::kIo);
}

}  // namespace
}  // namespace leakscope::sources::recording
