#include "sources/tmpfs/tmpfs.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace leakscope::sources::tmpfs {
namespace {

using model::Metric;
namespace fs = std::filesystem;

constexpr int kSkip = 77;

// Runs `steps` in a child with mounts of its own, which end with it. The text it returns is empty when all is well.
std::string in_private_mounts(const std::function<std::string()>& steps) {
  int ends[2] = {-1, -1};
  if (pipe(ends) != 0) return "pipe failed";
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) _exit(kSkip);
    const std::string text = steps();
    const bool written = write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  std::string text;
  char part[512];
  for (ssize_t got = 0; (got = read(ends[0], part, sizeof part)) > 0;) text.append(part, static_cast<std::size_t>(got));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kSkip) return "skip";
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return "the child failed: " + text;
  return text;
}

struct Taken {
  model::Registry& registry;
  model::Sample sample{};

  std::string take(Source& source) {
    sample.clear();
    model::SampleSink sink(registry, sample);
    const auto result = source.sample(sink);
    return result ? "" : to_string(result.error());
  }
  [[nodiscard]] std::optional<std::int64_t> reading(const std::string& mount_point, Metric metric) const {
    const auto id = registry.find({.kind = model::SubjectKind::kTmpfs, .name = mount_point});
    for (const model::Reading& r : sample.readings) {
      if (id && r.subject == *id && r.metric == metric) return r.value;
    }
    return std::nullopt;
  }
};

void write_file(const std::string& path, std::size_t size) { std::ofstream(path) << std::string(size, 'x'); }

std::string check(bool ok, std::string_view what, std::optional<std::int64_t> got) {
  return ok ? "" : fmt::format("{}: got {}; ", what, got ? std::to_string(*got) : "nothing");
}

std::string watch_mounts(const std::string& place) {
  const std::string bound = place + " bound";
  const std::string unlimited = place + "-unlimited";
  if (mount("none", place.c_str(), "tmpfs", 0, "size=8m,nr_inodes=100") != 0) return std::strerror(errno);
  if (mount(place.c_str(), bound.c_str(), nullptr, MS_BIND, nullptr) != 0) return std::strerror(errno);
  if (mount("none", unlimited.c_str(), "tmpfs", 0, "size=0,nr_inodes=0") != 0) return std::strerror(errno);
  write_file(place + "/three", 3 << 20);

  auto source = open_tmpfs(*RootedDir::open("/"));
  if (!source) return to_string(source.error());
  model::Registry registry;
  Taken taken{registry};
  std::string wrong = taken.take(**source);
  const auto used = taken.reading(place, Metric::kTmpfsUsed);
  wrong += check(used == 3 << 20, "used", used);
  wrong += check(taken.reading(place, Metric::kTmpfsSize) == 8 << 20, "size", taken.reading(place, Metric::kTmpfsSize));
  wrong += check(taken.reading(place, Metric::kTmpfsFiles) == 2, "files", taken.reading(place, Metric::kTmpfsFiles));
  wrong += check(!taken.reading(bound, Metric::kTmpfsUsed), "the bind mount", taken.reading(bound, Metric::kTmpfsUsed));
  wrong += check(!taken.reading(unlimited, Metric::kTmpfsUsed), "used without a limit",
                 taken.reading(unlimited, Metric::kTmpfsUsed));
  wrong += check(taken.reading(unlimited, Metric::kTmpfsSize) == 0, "size without a limit",
                 taken.reading(unlimited, Metric::kTmpfsSize));
  if ((*source)->coverage()[0].state != model::Coverage::State::kPartial) wrong += "coverage hides the unlimited one; ";

  // What lies under another mount cannot be asked any more, but the same file system can at its second place.
  if (mount("none", place.c_str(), "tmpfs", 0, "size=4m") != 0) return std::strerror(errno);
  wrong += taken.take(**source);
  wrong += check(taken.reading(bound, Metric::kTmpfsUsed) == 3 << 20, "used at the second place",
                 taken.reading(bound, Metric::kTmpfsUsed));
  wrong += check(taken.reading(place, Metric::kTmpfsUsed) == 0, "used of the new one",
                 taken.reading(place, Metric::kTmpfsUsed));
  if (taken.sample.retired.size() != 1) wrong += "the old subject was not retired; ";

  umount(bound.c_str());
  umount(unlimited.c_str());
  wrong += taken.take(**source);
  if (taken.sample.retired.size() != 2) wrong += "what was unmounted was not retired; ";
  if ((*source)->coverage()[0].why.find("hidden") == std::string::npos) wrong += "coverage hides the hidden one; ";
  return wrong;
}

TEST(TmpfsLive, FollowsMountsFilesAndHiddenOnes) {
  std::string place = (fs::temp_directory_path() / "tmpfs-place-XXXXXX").string();
  ASSERT_NE(mkdtemp(place.data()), nullptr);
  fs::create_directory(place + " bound");
  fs::create_directory(place + "-unlimited");
  const std::string wrong = in_private_mounts([&] { return watch_mounts(place); });
  fs::remove(place);
  fs::remove(place + " bound");
  fs::remove(place + "-unlimited");
  if (wrong == "skip") GTEST_SKIP() << "no right to mount in a namespace of its own";
  EXPECT_EQ(wrong, "");
}

TEST(Tmpfs, CannotBeAskedOfARecordedTree) {
  const auto source = open_tmpfs(*RootedDir::open(LEAKSCOPE_TESTDATA));
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().kind, Error::Kind::kUnsupported);
}

}  // namespace
}  // namespace leakscope::sources::tmpfs
