// On trees of our own: what needs no running kernel.
#include "sources/held_objects/held_objects.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "model/registry.h"
#include "model/sample.h"
#include "sources/held_objects/process_look.h"

namespace leakscope::sources::held_objects {
namespace {

using model::Metric;

/// A recorded /proc in a folder of its own, removed at the end.
class Recorded {
 public:
  Recorded() {
    std::string name = (std::filesystem::temp_directory_path() / "leakscope-held-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Recorded() {
    if (!path_.empty()) std::filesystem::remove_all(path_);
  }
  Recorded(const Recorded&) = delete;
  Recorded& operator=(const Recorded&) = delete;

  void write(const std::string& relative, const std::string& text) const {
    const auto file = path_ / relative;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }
  void process(int pid, const std::string& comm, int start) const {
    write("proc/" + std::to_string(pid) + "/stat", std::to_string(pid) + " (" + comm +
                                                       ") S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " +
                                                       std::to_string(start) + " 0 0\n");
    std::filesystem::create_directories(path_ / "proc" / std::to_string(pid) / "fd");
  }
  void fd(int pid, int number, const std::string& target) const {
    std::filesystem::create_symlink(target, path_ / "proc" / std::to_string(pid) / "fd" / std::to_string(number));
  }
  [[nodiscard]] RootedDir root() const { return RootedDir::open(path_.string()).value(); }

 private:
  std::filesystem::path path_;
};

class Watch {
 public:
  explicit Watch(const Recorded& recorded) : source(open_held_objects(recorded.root()).value()) {}
  void sample() {
    last.clear();
    // Booted at 1,000,000 s; an hour up.
    last.time = Moment{BootTime{std::chrono::hours(1)}, WallTime{std::chrono::seconds(1'003'600)}, {}};
    model::SampleSink sink(registry, last);
    EXPECT_TRUE(source->sample(sink));
  }
  [[nodiscard]] std::optional<std::int64_t> value(const model::SubjectKey& key, Metric metric) const {
    const auto subject = registry.find(key);
    for (const auto& reading : last.readings) {
      if (subject && reading.subject == subject && reading.metric == metric) return reading.value;
    }
    return std::nullopt;
  }
  model::Registry registry;
  model::Sample last;
  std::unique_ptr<Source> source;
};

model::SubjectKey process_key(int pid, unsigned start) {
  return {model::SubjectKind::kProcess, "", ProcessId{Pid{pid}, StartTime{start}}};
}

TEST(HeldObjects, ReadsDescriptorsWatchesAndMapsOfARecordedTree) {
  const Recorded recorded;
  recorded.process(10, "daemon", 500);
  recorded.fd(10, 0, "/dev/null");
  recorded.fd(10, 3, "socket:[77]");
  recorded.fd(10, 4, "anon_inode:inotify");
  recorded.fd(10, 5, "anon_inode:bpf-map");
  recorded.fd(10, 6, "anon_inode:bpf-map");
  recorded.write("proc/10/fdinfo/4", "pos:\t0\ninotify wd:1 ino:2\ninotify wd:2 ino:3\n");
  recorded.write("proc/10/fdinfo/5", "map_id:\t9\nmemlock:\t8192\n");
  recorded.write("proc/10/fdinfo/6", "map_id:\t9\nmemlock:\t8192\n");
  recorded.write("proc/10/status", "Name:\tdaemon\nUid:\t33\t33\t33\t33\n");
  recorded.write("proc/sys/fs/inotify/max_user_watches", "524288\n");
  Watch watch(recorded);
  watch.sample();
  const auto key = process_key(10, 500);
  EXPECT_EQ(watch.value(key, Metric::kProcessFdFiles), 1);
  EXPECT_EQ(watch.value(key, Metric::kProcessFdSockets), 1);
  EXPECT_EQ(watch.value(key, Metric::kProcessFdAnon), 3);
  EXPECT_EQ(watch.value(key, Metric::kProcessInotifyWatches), 2);
  EXPECT_EQ(watch.value(key, Metric::kProcessBpfBytes), 8192);
  EXPECT_EQ(watch.value(key, Metric::kProcessSocketBytes), std::nullopt) << "not zero: nobody could ask";
  EXPECT_EQ(watch.value(key, Metric::kProcessPipeBytes), std::nullopt);
  const model::SubjectKey user{model::SubjectKind::kUser, "uid 33"};
  EXPECT_EQ(watch.value(user, Metric::kInotifyWatchesUser), 2);
  EXPECT_EQ(watch.value(user, Metric::kInotifyWatchesMax), 524288);
  bool says_so = false;
  for (const auto& coverage : watch.source->coverage()) {
    says_so =
        says_so || (coverage.source == "held_objects.sockets" && coverage.state == model::Coverage::State::kAbsent);
  }
  EXPECT_TRUE(says_so);
}

TEST(HeldObjects, MessagesOfASenderThatStartedAfterTheSendAreNotIts) {
  const Recorded recorded;
  recorded.process(20, "old", 1000);      // at 1,000,010 s
  recorded.process(21, "young", 300000);  // at 1,003,000 s
  recorded.write("proc/sysvipc/msg",
                 "key msqid perms cbytes qnum lspid lrpid uid gid cuid cgid stime rtime ctime\n"
                 "0 1 600 1000 1 20 0 0 0 7 0 1002000 0 0\n"
                 "0 2 600 2000 1 21 0 0 0 7 0 1002000 0 0\n"
                 "0 3 600 100 1 99 0 0 0 7 0 1002000 0 0\n");
  Watch watch(recorded);
  watch.sample();
  EXPECT_EQ(watch.value(process_key(20, 1000), Metric::kProcessMsgBytes), 2048);
  EXPECT_EQ(watch.value(process_key(21, 300000), Metric::kProcessMsgBytes), std::nullopt);
  EXPECT_EQ(watch.value({model::SubjectKind::kUser, "uid 7"}, Metric::kUserMsgBytes), 2048 + 192);

  recorded.write("proc/sysvipc/msg", "key msqid perms cbytes qnum lspid lrpid uid gid cuid cgid stime rtime ctime\n");
  watch.sample();
  EXPECT_EQ(watch.value(process_key(20, 1000), Metric::kProcessMsgBytes), 0);
  EXPECT_EQ(watch.value({model::SubjectKind::kUser, "uid 7"}, Metric::kUserMsgBytes), 0);
}

TEST(HeldObjects, APidThatWasUsedAgainIsAnotherProcess) {
  const Recorded recorded;
  recorded.process(10, "first", 500);
  recorded.fd(10, 0, "/dev/null");
  Watch watch(recorded);
  watch.sample();
  EXPECT_EQ(watch.value(process_key(10, 500), Metric::kProcessFdFiles), 1);
  recorded.process(10, "second", 900);
  watch.sample();
  EXPECT_EQ(watch.value(process_key(10, 500), Metric::kProcessFdFiles), std::nullopt);
  EXPECT_EQ(watch.value(process_key(10, 900), Metric::kProcessFdFiles), 1);
}

TEST(ProcessLook, FiguresOfAPidThatWasUsedAgainMeanwhileAreThrownAway) {
  const Recorded recorded;
  recorded.process(10, "first", 500);
  for (int fd = 0; fd < 20; ++fd) recorded.fd(10, fd, "/dev/null");
  const RootedDir root = recorded.root();
  LookContext context{root, nullptr, {}, 10, [] { return false; }, {}, {}};
  ProcessLook look({{Pid{10}, StartTime{500}}, "first"}, true);
  EXPECT_EQ(look.advance(context), ProcessLook::End::kMore);
  EXPECT_EQ(context.links, 0U);
  recorded.process(10, "second", 900);
  context.links = 1000;
  EXPECT_EQ(look.advance(context), ProcessLook::End::kGone);
}

TEST(ProcessLook, GoesOnWhereItStopped) {
  const Recorded recorded;
  recorded.process(10, "a", 500);
  for (int fd = 0; fd < 25; ++fd) recorded.fd(10, fd, "/dev/null");
  for (int fd = 25; fd < 30; ++fd) recorded.fd(10, fd, "socket:[" + std::to_string(fd) + "]");
  const RootedDir root = recorded.root();
  LookContext context{root, nullptr, {}, 7, [] { return false; }, {}, {}};
  ProcessLook look({{Pid{10}, StartTime{500}}, "a"}, true);
  auto end = look.advance(context);
  for (int i = 0; i < 10 && end == ProcessLook::End::kMore; ++i) {
    context.links = 7;
    end = look.advance(context);
  }
  EXPECT_EQ(end, ProcessLook::End::kComplete);
  EXPECT_EQ(look.counts().files, 25);
  EXPECT_EQ(look.counts().sockets, 5);
}

TEST(HeldObjects, WithoutProcItSaysWhatIsMissing) {
  const Recorded recorded;
  const auto opened = open_held_objects(recorded.root());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, Error::Kind::kNotFound);
}

}  // namespace
}  // namespace leakscope::sources::held_objects
