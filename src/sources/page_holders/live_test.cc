// Holders of a known size, made and measured on the running kernel. Everything happens in a child with namespaces of
// its own, so that nobody else's rings disturb and nothing is left behind.
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sources/page_holders/page_holders.h"

namespace leakscope::sources::page_holders {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kSkip = "skip: ";

// Runs `steps` in a child; the text it returns is empty when all is well.
std::string in_child(const std::function<std::string()>& steps) {
  int ends[2] = {-1, -1};
  if (pipe(ends) != 0) return "pipe failed";
  const pid_t child = fork();
  if (child == 0) {
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
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? text : "the child failed: " + text;
}

std::string error_text(std::string_view what) { return fmt::format("{}: {}", what, std::strerror(errno)); }

/// The holders as a source sees them, from sample to sample.
class Watcher {
 public:
  explicit Watcher(std::unique_ptr<Source> source) : source_(std::move(source)) {}

  std::optional<std::int64_t> bytes(const std::string& name) {
    sample_.clear();
    model::SampleSink sink(registry_, sample_);
    if (!source_->sample(sink)) return std::nullopt;
    for (const model::Reading& r : sample_.readings) {
      if (r.metric == model::Metric::kHolderBytes && registry_.info(r.subject).key.name == name) return r.value;
    }
    return std::nullopt;
  }

  // Empty when it is so, else what is wrong.
  std::string expect(const std::string& name, std::int64_t wanted) {
    const auto got = bytes(name);
    if (got == wanted) return {};
    return fmt::format("{}: want {}, got {}\n", name, wanted, got ? std::to_string(*got) : "nothing");
  }

 private:
  std::unique_ptr<Source> source_;
  model::Registry registry_;
  model::Sample sample_;
};

std::string watch_packet_rings() {
  if (unshare(CLONE_NEWNET) != 0) return std::string(kSkip) + error_text("unshare(CLONE_NEWNET)");
  const auto page = page_size_of_this_machine();
  auto source = open_page_holders(*RootedDir::open("/"), page);
  if (!source) return to_string(source.error());
  const int first = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (first < 0) return std::string(kSkip) + error_text("AF_PACKET");
  Watcher watcher(std::move(*source));
  if (!watcher.bytes("packet-rings")) return std::string(kSkip) + "no packet_diag";
  std::string wrong = watcher.expect("packet-rings", 0);

  tpacket_req request{};
  request.tp_block_size = static_cast<unsigned>(page.bytes * 4);
  request.tp_block_nr = 64;
  request.tp_frame_size = 2048;
  request.tp_frame_nr = request.tp_block_size / request.tp_frame_size * request.tp_block_nr;
  if (setsockopt(first, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) != 0) return error_text("PACKET_RX_RING");
  wrong += watcher.expect("packet-rings", page.bytes * 4 * 64);

  // Blocks of three pages take four each.
  const int second = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  request.tp_block_size = static_cast<unsigned>(page.bytes * 3);
  request.tp_block_nr = 8;
  request.tp_frame_nr = request.tp_block_size / request.tp_frame_size * request.tp_block_nr;
  if (setsockopt(second, SOL_PACKET, PACKET_TX_RING, &request, sizeof request) != 0)
    return error_text("PACKET_TX_RING");
  wrong += watcher.expect("packet-rings", page.bytes * 4 * 72);
  close(first);
  wrong += watcher.expect("packet-rings", page.bytes * 4 * 8);
  close(second);
  return wrong + watcher.expect("packet-rings", 0);
}

TEST(HoldersLive, PacketRingsGrowByWhatASocketTakes) {
  const std::string wrong = in_child(watch_packet_rings);
  if (wrong.starts_with(kSkip)) GTEST_SKIP() << wrong;
  EXPECT_EQ(wrong, "");
}

/// A tracing instance that is removed in any case.
class Instance {
 public:
  explicit Instance(std::string path) : path_(std::move(path)), made_(fs::create_directory(path_)) {}
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance() {
    if (made_) rmdir(path_.c_str());
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool made_;
};

bool set(const std::string& file, std::string_view value) {
  std::ofstream out(file);
  out << value << std::flush;
  return out.good();
}

// The instance is shown to the source as if it were all of tracefs, so that other tracers do not disturb.
std::string watch_ftrace(const std::string& tree) {
  if (unshare(CLONE_NEWNS) != 0) return std::string(kSkip) + error_text("unshare(CLONE_NEWNS)");
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    // A chroot: what is mounted here could not be kept from the machine.
    return (errno == EINVAL ? std::string(kSkip) : std::string()) + error_text("private mounts");
  }
  const std::string tracefs = tree + "/tracefs";
  const std::string place = tree + "/sys/kernel/tracing";
  if (mount("nodev", tracefs.c_str(), "tracefs", 0, nullptr) != 0) return std::string(kSkip) + error_text("tracefs");
  const Instance instance(fmt::format("{}/instances/leakscope-test-{}", tracefs, getpid()));
  if (mount(instance.path().c_str(), place.c_str(), nullptr, MS_BIND, nullptr) != 0) return error_text("bind mount");
  std::string wrong;
  {
    auto source = open_page_holders(*RootedDir::open(tree), page_size_of_this_machine());
    if (!source) return to_string(source.error());
    Watcher watcher(std::move(*source));
    const std::int64_t page = page_size_of_this_machine().bytes;
    const auto cpus = static_cast<std::int64_t>(sysconf(_SC_NPROCESSORS_ONLN));
    const auto pages_for = [&](std::int64_t kib) { return (kib * 1024 + page - 17) / (page - 16) + 1; };
    for (const std::int64_t kib : {1000, 5000, 3000}) {
      if (!set(place + "/buffer_size_kb", std::to_string(kib))) return error_text("buffer_size_kb");
      wrong += watcher.expect("ftrace-buffers", cpus * pages_for(kib) * page);
    }
    if (!set(place + "/per_cpu/cpu0/buffer_size_kb", "1000")) return error_text("per_cpu buffer_size_kb");
    wrong += watcher.expect("ftrace-buffers", ((cpus - 1) * pages_for(3000) + pages_for(1000)) * page);
  }
  umount(place.c_str());
  return wrong;
}

TEST(HoldersLive, FtraceBuffersFollowTheSizeOfAnInstance) {
  std::string tree = (fs::temp_directory_path() / "ftrace-tree-XXXXXX").string();
  ASSERT_NE(mkdtemp(tree.data()), nullptr);
  fs::create_directories(tree + "/tracefs");
  fs::create_directories(tree + "/sys/kernel/tracing");
  fs::create_directories(tree + "/sys/devices/system/cpu");
  std::ofstream(tree + "/sys/devices/system/cpu/online")
      << std::ifstream("/sys/devices/system/cpu/online").rdbuf();  // sysfs lies about sizes, which copy_file minds
  const std::string wrong = in_child([&] { return watch_ftrace(tree); });
  fs::remove_all(tree);
  if (wrong.starts_with(kSkip)) GTEST_SKIP() << wrong;
  EXPECT_EQ(wrong, "");
}

TEST(HoldersLive, EveryHolderOfThisMachineHasAnAnswer) {
  auto source = open_page_holders(*RootedDir::open("/"), page_size_of_this_machine());
  ASSERT_TRUE(source);
  auto debugfs = open_debugfs_holders(*RootedDir::open("/"));
  ASSERT_TRUE(debugfs);
  model::Registry registry;
  model::Sample sample;
  model::SampleSink sink(registry, sample);
  ASSERT_TRUE((*source)->sample(sink));
  ASSERT_TRUE((*debugfs)->sample(sink));
  EXPECT_EQ((*source)->coverage().size(), 9U);
  EXPECT_EQ((*debugfs)->coverage().size(), 2U);
  for (const model::Reading& r : sample.readings) EXPECT_GE(r.value, 0) << registry.info(r.subject).key.name;
}

}  // namespace
}  // namespace leakscope::sources::page_holders
