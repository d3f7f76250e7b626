// Against the kernel that runs here: each test starts a process that pins kernel memory in one way, and the source
// must name that process with the right amount.
#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "model/registry.h"
#include "model/sample.h"
#include "sources/held_objects/held_objects.h"

namespace leakscope::sources::held_objects {
namespace {

using model::Metric;

/// A process that holds something until the object goes. `work` gives what the test should find; -1 says that this
/// machine cannot do it.
class Holder {
 public:
  explicit Holder(const std::function<std::int64_t()>& work) {
    int report[2] = {-1, -1};
    if (::pipe2(report, O_CLOEXEC) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const std::int64_t expected = work();
      (void)!::write(report[1], &expected, sizeof expected);
      ::close(report[0]);
      ::close(report[1]);
      for (;;) ::pause();
    }
    ::close(report[1]);
    (void)!::read(report[0], &expected_, sizeof expected_);
    ::close(report[0]);
  }
  ~Holder() { end(); }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::int64_t expected() const { return expected_; }

 private:
  pid_t pid_ = -1;
  std::int64_t expected_ = -1;
};

class Watch {
 public:
  explicit Watch(const HeldObjectsBudget& budget = {.cpu = std::chrono::seconds(5)})
      : source(open_held_objects(RootedDir::open("/").value(), budget).value()) {}

  void sample() {
    last.clear();
    last.time = SystemClock().now();
    model::SampleSink sink(registry, last);
    const auto sampled = source->sample(sink);
    EXPECT_TRUE(sampled) << to_string(sampled.error());
  }
  [[nodiscard]] std::optional<std::int64_t> value(pid_t pid, Metric metric) const {
    for (const auto& reading : last.readings) {
      const auto info = registry.info(reading.subject);
      if (reading.metric == metric && info.key.process && info.key.process->pid.value == pid) return reading.value;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::optional<std::int64_t> user_value(Metric metric) const {
    const auto user = registry.find({model::SubjectKind::kUser, "uid " + std::to_string(::geteuid())});
    for (const auto& reading : last.readings) {
      if (reading.metric == metric && reading.subject == user) return reading.value;
    }
    return std::nullopt;
  }

  model::Registry registry;
  model::Sample last;
  std::unique_ptr<Source> source;
};

std::int64_t queued_for_sending(int socket) {
  int bytes = 0;
  return ::ioctl(socket, TIOCOUTQ, &bytes) == 0 ? bytes : -1;
}

/// Writes until the socket takes no more; gives what the kernel charges it.
std::int64_t fill(int socket) {
  const std::array<char, 1000> block{};
  while (::send(socket, block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
  }
  return queued_for_sending(socket);
}

std::int64_t fill_socketpairs(int count) {
  std::int64_t sum = 0;
  for (int i = 0; i < count; ++i) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return -1;
    sum += fill(ends[0]);
  }
  return sum;
}

std::int64_t fill_pipes(int count, std::size_t payload) {
  const std::string block(payload, 'p');
  for (int i = 0; i < count; ++i) {
    int ends[2];
    if (::pipe(ends) != 0 || ::write(ends[1], block.data(), block.size()) != static_cast<ssize_t>(payload)) return -1;
  }
  return count;
}

TEST(HeldObjectsLive, FiftyFullSocketpairsAreNamedToTheByte) {
  const Holder holder([] { return fill_socketpairs(50); });
  ASSERT_GT(holder.expected(), 50 * 100'000);
  Watch watch;
  watch.sample();
  EXPECT_EQ(watch.value(holder.pid(), Metric::kProcessSocketBytes), holder.expected());
  EXPECT_EQ(watch.value(holder.pid(), Metric::kProcessFdSockets), 100);
  EXPECT_EQ(watch.value(holder.pid(), Metric::kProcessPipeBytes), 0);
}

TEST(HeldObjectsLive, SocketsOfAnotherNetworkNamespaceAreAskedOneByOne) {
  const Holder holder([] { return ::unshare(CLONE_NEWNET) != 0 ? -1 : fill_socketpairs(5); });
  if (holder.expected() < 0) GTEST_SKIP() << "needs the right to make a network namespace";
  Watch watch;
  watch.sample();
  EXPECT_EQ(watch.value(holder.pid(), Metric::kProcessSocketBytes), holder.expected());
}

TEST(HeldObjectsLive, UnreadTcpDataCountsForTheReceiver) {
  const Holder holder([]() -> std::int64_t {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (listener < 0 || ::bind(listener, any, size) != 0 || ::listen(listener, 1) != 0 ||
        ::getsockname(listener, any, &size) != 0) {
      return -1;
    }
    const int sender = ::socket(AF_INET, SOCK_STREAM, 0);
    if (sender < 0 || ::connect(sender, any, size) != 0) return -1;
    const int receiver = ::accept(listener, nullptr, nullptr);
    if (receiver < 0) return -1;
    const std::array<char, 20000> block{};
    return ::send(sender, block.data(), block.size(), 0);
  });
  if (holder.expected() < 0) GTEST_SKIP() << "needs TCP on the loopback";
  Watch watch;
  watch.sample();
  const auto bytes = watch.value(holder.pid(), Metric::kProcessSocketBytes).value_or(0);
  EXPECT_GE(bytes, holder.expected());
  EXPECT_LE(bytes, holder.expected() * 4) << "buffers take more than their payload, but not that much";
}

TEST(HeldObjectsLive, FiftyUnreadPipesCountInWholePages) {
  const Holder holder([] { return fill_pipes(50, 5000); });
  ASSERT_EQ(holder.expected(), 50);
  const std::int64_t page = page_size_of_this_machine().bytes;
  const std::int64_t each = (5000 + page - 1) / page * page;
  Watch watch;
  watch.sample();
  EXPECT_EQ(watch.value(holder.pid(), Metric::kProcessPipeBytes), 50 * each);
  EXPECT_GE(watch.value(holder.pid(), Metric::kProcessFdPipes).value_or(0), 100);
}

TEST(HeldObjectsLive, APipeOfParentAndChildCountsOnceAndForTheReader) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const std::string block(9000, 'p');
  ASSERT_EQ(::write(ends[1], block.data(), block.size()), 9000);
  const int read_end = ends[0];
  const int write_end = ends[1];
  {
    const Holder writer([=]() -> std::int64_t { return ::close(read_end); });
    const Holder reader([=]() -> std::int64_t { return ::close(write_end); });
    const Holder both([] { return std::int64_t{0}; });
    ::close(read_end);
    ::close(write_end);
    Watch watch;
    watch.sample();
    const std::int64_t page = page_size_of_this_machine().bytes;
    const std::int64_t expected = (9000 + page - 1) / page * page;
    EXPECT_EQ(watch.value(writer.pid(), Metric::kProcessPipeBytes).value_or(0), 0);
    EXPECT_EQ(watch.value(reader.pid(), Metric::kProcessPipeBytes), expected) << "it started before the other reader";
    EXPECT_EQ(watch.value(both.pid(), Metric::kProcessPipeBytes).value_or(0), 0);
  }
}

/// Queues that are removed at the end, whoever sent to them.
class Queues {
 public:
  explicit Queues(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) ids_.push_back(::msgget(IPC_PRIVATE, 0600 | IPC_CREAT));
  }
  ~Queues() {
    for (const int id : ids_) ::msgctl(id, IPC_RMID, nullptr);
  }
  Queues(const Queues&) = delete;
  Queues& operator=(const Queues&) = delete;
  [[nodiscard]] bool usable() const { return !ids_.empty() && ids_.back() >= 0; }
  /// In whichever process: each queue gets ten messages of 1000 bytes.
  [[nodiscard]] std::int64_t send() const {
    struct {
      long type = 1;
      std::array<char, 1000> text{};
    } message;
    for (const int id : ids_) {
      for (int i = 0; i < 10; ++i) {
        if (::msgsnd(id, &message, message.text.size(), IPC_NOWAIT) != 0) return -1;
      }
    }
    return 0;
  }

 private:
  std::vector<int> ids_;
};

TEST(HeldObjectsLive, MessagesCountForTheirLastSenderUntilItEnds) {
  const Queues queues(3);
  if (!queues.usable()) GTEST_SKIP() << "needs SysV message queues";
  Watch watch;
  watch.sample();
  const std::int64_t of_user_before = watch.user_value(Metric::kUserMsgBytes).value_or(0);
  Holder holder([&] { return queues.send(); });
  ASSERT_EQ(holder.expected(), 0);
  watch.sample();
  // 1000 bytes and a header of 48 are kmalloc'ed as 2048.
  EXPECT_EQ(watch.value(holder.pid(), Metric::kProcessMsgBytes), std::int64_t{30} * 2048);
  EXPECT_EQ(watch.user_value(Metric::kUserMsgBytes).value_or(0), of_user_before);
  const pid_t ended = holder.pid();
  holder.end();
  watch.sample();
  EXPECT_EQ(watch.value(ended, Metric::kProcessMsgBytes), std::nullopt);
  EXPECT_EQ(watch.user_value(Metric::kUserMsgBytes).value_or(0), of_user_before + std::int64_t{30} * 2048);
}

TEST(HeldObjectsLive, InotifyWatchesCountForTheProcessAndItsUser) {
  const Holder holder([]() -> std::int64_t {
    const int inotify = ::inotify_init1(0);
    std::int64_t watches = 0;
    for (const char* path : {"/", "/proc", "/dev", "/tmp", "/etc", "/usr"}) {
      if (::inotify_add_watch(inotify, path, IN_CREATE) >= 0) ++watches;
    }
    return watches;
  });
  if (holder.expected() <= 0) GTEST_SKIP() << "needs inotify";
  Watch watch;
  watch.sample();
  EXPECT_EQ(watch.value(holder.pid(), Metric::kProcessInotifyWatches), holder.expected());
  // On a busy machine one look has no time for everybody, and users are told of when everybody was looked at.
  for (int tries = 0; tries < 100 && !watch.user_value(Metric::kInotifyWatchesUser); ++tries) watch.sample();
  EXPECT_GE(watch.user_value(Metric::kInotifyWatchesUser).value_or(0), holder.expected());
  EXPECT_GT(watch.user_value(Metric::kInotifyWatchesMax).value_or(0), 0);
}

TEST(HeldObjectsLive, BpfMapsCountForTheProcessThatHoldsThem) {
  const Holder holder([]() -> std::int64_t {
    union bpf_attr attributes;
    std::memset(&attributes, 0, sizeof attributes);
    attributes.map_type = BPF_MAP_TYPE_ARRAY;
    attributes.key_size = 4;
    attributes.value_size = 4096;
    attributes.max_entries = 256;
    const int map = static_cast<int>(::syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
    if (map < 0) return -1;
    (void)::dup(map);
    return std::int64_t{256} * 4096;
  });
  if (holder.expected() < 0) GTEST_SKIP() << "needs the right to make a BPF map";
  Watch watch;
  watch.sample();
  const auto bytes = watch.value(holder.pid(), Metric::kProcessBpfBytes).value_or(0);
  EXPECT_GE(bytes, holder.expected());
  EXPECT_LE(bytes, holder.expected() * 5 / 4) << "two descriptors for one map count once";
}

TEST(HeldObjectsLive, DescriptorsAreToldApartByKind) {
  const Holder holder([]() -> std::int64_t {
    for (int i = 0; i < 60; ++i) {
      if (::open("/dev/null", O_RDONLY) < 0) return -1;
    }
    for (int i = 0; i < 7; ++i) {
      if (::memfd_create("leakscope-test", 0) < 0) return -1;
    }
    return ::inotify_init1(0) < 0 ? -1 : 0;
  });
  ASSERT_EQ(holder.expected(), 0);
  Watch watch;
  watch.sample();
  EXPECT_GE(watch.value(holder.pid(), Metric::kProcessFdFiles).value_or(0), 60);
  EXPECT_EQ(watch.value(holder.pid(), Metric::kProcessFdMemfds), 7);
  EXPECT_GE(watch.value(holder.pid(), Metric::kProcessFdAnon).value_or(0), 1);
}

TEST(HeldObjectsLive, ALookThatIsTooLongForOneSampleGoesOnInTheNext) {
  const Holder holder([] { return fill_pipes(300, 10); });
  ASSERT_EQ(holder.expected(), 300);
  Watch watch({.links = 150, .cpu = std::chrono::seconds(5)});
  int samples = 0;
  std::optional<std::int64_t> bytes;
  for (; samples < 200 && !bytes; ++samples) {
    watch.sample();
    bytes = watch.value(holder.pid(), Metric::kProcessPipeBytes);
  }
  EXPECT_GT(samples, 3) << "600 descriptors at 150 a sample";
  EXPECT_EQ(bytes, 300 * page_size_of_this_machine().bytes);
  EXPECT_GE(watch.value(holder.pid(), Metric::kProcessFdPipes).value_or(0), 600);
}

TEST(HeldObjectsLive, AFigureThatFellToZeroIsReportedAsZero) {
  int wake[2];
  ASSERT_EQ(::pipe(wake), 0);
  const int wake_read = wake[0];
  Watch watch;
  const Holder holder([=]() -> std::int64_t {
    int ends[2];
    if (::pipe(ends) != 0 || ::write(ends[1], "x", 1) != 1) return -1;
    if (::fork() == 0) {  // the reader, told by the test when to read
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      char byte = 0;
      if (::read(wake_read, &byte, 1) == 1) (void)!::read(ends[0], &byte, 1);
      ::_exit(0);
    }
    return 0;
  });
  ASSERT_EQ(holder.expected(), 0);
  watch.sample();
  EXPECT_EQ(watch.value(holder.pid(), Metric::kProcessPipeBytes), page_size_of_this_machine().bytes);
  ASSERT_EQ(::write(wake[1], "x", 1), 1);
  std::optional<std::int64_t> bytes;
  for (int i = 0; i < 200 && bytes != 0; ++i) {
    ::usleep(5000);
    watch.sample();
    bytes = watch.value(holder.pid(), Metric::kProcessPipeBytes);
  }
  EXPECT_EQ(bytes, 0);
  ::close(wake[0]);
  ::close(wake[1]);
}

}  // namespace
}  // namespace leakscope::sources::held_objects
