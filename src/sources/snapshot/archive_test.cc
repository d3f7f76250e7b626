#include "sources/snapshot/archive.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "sources/snapshot/made_tar.h"
#include "sources/snapshot/scratch_folder.h"
#include "sources/test_tree.h"

namespace leakscope::sources::snapshot {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMeminfo = "MemTotal:       24684092 kB\n";

std::set<std::string> files_below(const fs::path& folder) {
  std::set<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    EXPECT_FALSE(entry.is_symlink()) << entry.path();
    EXPECT_TRUE(entry.is_directory() || entry.is_regular_file()) << entry.path();
    if (!entry.is_directory()) files.insert(fs::relative(entry.path(), folder));
  }
  return files;
}

struct Taken {
  Result<Unpacked> result;
  std::set<std::string> files;
};

class Archive : public ::testing::Test {
 protected:
  [[nodiscard]] std::string tar() const { return place_.path() / "evidence"; }
  [[nodiscard]] fs::path into() const { return place_.path() / "into"; }
  Taken unpack(const ArchiveLimits& limits = {}) {
    fs::create_directories(into());
    const auto root = RootedDir::open(into());
    auto result = unpack_archive(tar(), root->fd(), limits);
    return {std::move(result), files_below(into())};
  }
  static std::uint64_t lost(const Taken& taken) {
    std::uint64_t count = 0;
    for (const auto& loss : taken.result->losses) count += loss.count;
    return count;
  }

  const TestTree place_;
};

struct FilterCase {
  const char* name;
  void (*add)(archive*);
};

TEST_F(Archive, IsToldByContentWhateverItsCompression) {
  const FilterCase cases[] = {{"none", [](archive*) {}},
                              {"gzip", [](archive* a) { archive_write_add_filter_gzip(a); }},
                              {"bzip2", [](archive* a) { archive_write_add_filter_bzip2(a); }},
                              {"xz", [](archive* a) { archive_write_add_filter_xz(a); }},
                              {"zstd", [](archive* a) { archive_write_add_filter_zstd(a); }}};
  for (const FilterCase& c : cases) {
    {
      MadeTar(tar(), c.add).file("report/proc/meminfo", kMeminfo).file("report/etc/shadow", "secret");
    }
    EXPECT_TRUE(is_archive(tar())) << c.name;
    const Taken taken = unpack();
    ASSERT_TRUE(taken.result.has_value()) << c.name << to_string(taken.result.error());
    EXPECT_EQ(taken.files, std::set<std::string>{"report/proc/meminfo"}) << c.name;
    EXPECT_EQ(test_text(into() / "report/proc/meminfo"), kMeminfo) << c.name;
    fs::remove_all(into());
  }
  for (const std::string_view text :
       {std::string_view(""), kMeminfo, std::string_view("\x1f\x8b"), std::string_view("PK\x03\x04")}) {
    place_.write("evidence", text);
    EXPECT_FALSE(is_archive(tar())) << text;
    EXPECT_FALSE(unpack().result.has_value() && unpack().result->files > 0) << text;
  }
  EXPECT_FALSE(is_archive(place_.path() / "missing"));
}

TEST_F(Archive, KeepsFilesPrivateAndTheirTimes) {
  {
    MadeTar(tar()).file("./proc/meminfo", kMeminfo, 1'234'567'890);
  }
  const Taken taken = unpack();
  ASSERT_TRUE(taken.result.has_value());
  struct stat status{};
  ASSERT_EQ(::lstat((into() / "proc/meminfo").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  EXPECT_EQ(status.st_mtim.tv_sec, 1'234'567'890);
}

TEST_F(Archive, NeverLeavesItsFolder) {
  const fs::path outside = place_.path() / "outside";
  {
    MadeTar made(tar());
    made.file("/proc/meminfo", "absolute")
        .file((place_.path() / "outside/proc/meminfo").string(), "absolute")
        .file("../outside", "dotted")
        .file("proc/../../outside", "dotted")
        .file("a/../../../proc/meminfo", "dotted")
        .file("proc/meminfo/..", "dotted")
        .file(std::string(5000, 'x') + "/proc/meminfo", "long");
    for (int i = 0; i < 3; ++i) made.file("proc/vmstat", kMeminfo);
  }
  const Taken taken = unpack();
  ASSERT_TRUE(taken.result.has_value()) << to_string(taken.result.error());
  EXPECT_EQ(taken.files, std::set<std::string>{"proc/vmstat"}) << "of several of one name the last";
  EXPECT_FALSE(fs::exists(outside));
  EXPECT_EQ(lost(taken), 7U);
}

TEST_F(Archive, LinksAndDevicesAreNeitherMadeNorFollowed) {
  {
    MadeTar(tar())
        .symlink("proc/meminfo", "/etc/shadow")
        .symlink("proc/1", "/etc")
        .symlink("proc/pressure", "../../..")
        .file("proc/pressure/memory", "through the link")
        .hardlink("proc/vmstat", "/etc/shadow")
        .hardlink("proc/stat", "proc/vmstat")
        .special("proc/uptime", AE_IFCHR)
        .special("proc/loadavg", AE_IFIFO)
        .special("proc/swaps", AE_IFBLK)
        .file("proc/version", "good");
  }
  const Taken taken = unpack();
  ASSERT_TRUE(taken.result.has_value()) << to_string(taken.result.error());
  EXPECT_EQ(taken.files, (std::set<std::string>{"proc/pressure/memory", "proc/version"}));
  EXPECT_TRUE(fs::is_directory(fs::symlink_status(into() / "proc/pressure")));
  EXPECT_GE(lost(taken), 6U);
}

TEST_F(Archive, ANameThatIsAFileAndADirectory) {
  {
    MadeTar(tar())
        .file("proc/pressure/cpu", "x")
        .file("x/proc/meminfo", "1")
        .file("x/proc/meminfo/7/proc/meminfo", "2")
        .file("proc/stat", "y");
  }
  const Taken taken = unpack();
  ASSERT_TRUE(taken.result.has_value()) << to_string(taken.result.error());
  EXPECT_TRUE(taken.files.contains("proc/stat"));
}

// Made by `tar -S` of a file of 1 TiB that is one hole.
TEST_F(Archive, GiantsAreLeftOut) {
  place_.write("evidence", test_text(fs::path(LEAKSCOPE_TESTDATA) / "archive/made-sparse-giant.tar"));
  const Taken taken = unpack();
  ASSERT_TRUE(taken.result.has_value()) << to_string(taken.result.error());
  EXPECT_EQ(taken.files, std::set<std::string>{"proc/meminfo"});
  EXPECT_EQ(taken.result->bytes, kMeminfo.size());
  EXPECT_EQ(lost(taken), 1U);
}

TEST_F(Archive, LimitsAreKeptAndTold) {
  {
    MadeTar made(tar());
    for (int pid = 1; pid <= 100; ++pid) made.file("proc/" + std::to_string(pid) + "/stat", "0123456789");
  }
  const Taken few = unpack({.files = 10});
  EXPECT_EQ(few.files.size(), 10U);
  EXPECT_EQ(lost(few), 90U);
  fs::remove_all(into());
  const Taken small = unpack({.kept_bytes = 55});
  EXPECT_EQ(small.files.size(), 5U);
  fs::remove_all(into());
  const Taken none = unpack({.file_bytes = 9});
  EXPECT_EQ(none.files.size(), 0U);
  EXPECT_EQ(lost(none), 100U);
  fs::remove_all(into());
  const Taken heads = unpack({.headers = 7});
  EXPECT_EQ(heads.files.size(), 7U);
  ASSERT_EQ(heads.result->coverage.size(), 1U);
  fs::remove_all(into());
  const Taken passed = unpack({.passed_bytes = 4096});
  EXPECT_LT(passed.files.size(), 10U);
  ASSERT_EQ(passed.result->coverage.size(), 1U);
}

/// One zstd frame; frames one behind the other are what they hold one behind the other.
std::string zstd_frame(const std::string& file, std::string_view text) {
  archive* writer = archive_write_new();
  archive_write_set_format_raw(writer);
  archive_write_add_filter_zstd(writer);
  archive_write_open_filename(writer, file.c_str());
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, "data");
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_write_header(writer, entry);
  archive_write_data(writer, text.data(), text.size());
  archive_entry_free(entry);
  archive_write_free(writer);
  return test_text(file);
}

TEST_F(Archive, AMillionMembersThatNobodyWants) {
  constexpr std::size_t kHeader = 512;
  {
    MadeTar(tar()).file("x", {});
  }
  const std::string header = test_text(tar()).substr(0, kHeader);
  {
    MadeTar(tar()).file("proc/vmstat", "nr_free_pages 1\n");
  }
  const std::string last = test_text(tar());
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += header;
  const std::string frame = zstd_frame(tar(), many);
  std::string all;
  for (int i = 0; i < 100; ++i) all += frame;
  all += zstd_frame(tar(), last);
  place_.write("evidence", all);
  const Taken taken = unpack();
  ASSERT_TRUE(taken.result.has_value()) << to_string(taken.result.error());
  EXPECT_EQ(taken.files, std::set<std::string>{"proc/vmstat"});
  fs::remove_all(into());
  const Taken cut = unpack({.headers = 1000});
  EXPECT_EQ(cut.files.size(), 0U);
  ASSERT_TRUE(cut.result.has_value());
  EXPECT_EQ(cut.result->coverage.size(), 1U);
}

TEST_F(Archive, CutAnywhereItGivesWhatWasBefore) {
  {
    MadeTar made(tar(), [](archive* a) { archive_write_add_filter_xz(a); });
    for (int pid = 1; pid <= 50; ++pid) {
      made.file("proc/" + std::to_string(pid) + "/stat", std::string(3000, static_cast<char>('a' + pid % 20)));
    }
  }
  const std::string whole = test_text(tar());
  std::size_t most = 0;
  for (std::size_t size = 0; size < whole.size(); size += 37) {
    place_.write("evidence", whole.substr(0, size));
    const Taken taken = unpack();
    if (taken.result.has_value() && taken.result->files > 0) {
      EXPECT_EQ(taken.result->coverage.size(), 1U) << "cut at " << size;
      most = std::max(most, taken.files.size());
    }
    fs::remove_all(into());
  }
  EXPECT_GT(most, 0U);
}

TEST(ScratchFolder, IsPrivateAndGoneAtTheEnd) {
  fs::path path;
  {
    const auto scratch = ScratchFolder::make();
    ASSERT_TRUE(scratch.has_value()) << to_string(scratch.error());
    path = (*scratch)->path();
    struct stat status{};
    ASSERT_EQ(::lstat(path.c_str(), &status), 0);
    EXPECT_TRUE(S_ISDIR(status.st_mode));
    EXPECT_EQ(status.st_mode & 07777U, 0700U);
    fs::create_directories(path / "a/b/c");
    for (int i = 0; i < 500; ++i) std::ofstream(path / "a/b" / std::to_string(i)) << "x";
    fs::create_symlink("/etc", path / "a/link");
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_TRUE(fs::exists("/etc"));
}

// The child makes one and is killed before it can remove it.
TEST(ScratchFolder, SeveralEndInAnyOrder) {
  auto first = ScratchFolder::make();
  auto second = ScratchFolder::make();
  ASSERT_TRUE(first);
  ASSERT_TRUE(second);
  first->reset();  // its guardian must not wait for the second one's
  second->reset();
}

TEST(ScratchFolder, IsRemovedAlsoAfterSigkill) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto scratch = ScratchFolder::make();
    if (!scratch) ::_exit(1);
    const std::string path = (*scratch)->path() + "\n";
    std::ofstream(fs::path((*scratch)->path()) / "file") << "x";
    if (::write(ends[1], path.data(), path.size()) < 0) ::_exit(1);
    ::pause();
    ::_exit(1);
  }
  ::close(ends[1]);
  std::string path;
  for (char byte = 0; ::read(ends[0], &byte, 1) == 1 && byte != '\n';) path += byte;
  EXPECT_TRUE(fs::exists(fs::path(path) / "file"));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  for (int i = 0; i < 1000 && fs::exists(path); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_FALSE(fs::exists(path));
  ::close(ends[0]);
}

}  // namespace
}  // namespace leakscope::sources::snapshot
