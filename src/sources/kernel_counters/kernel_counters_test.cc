#include "sources/kernel_counters/kernel_counters.h"

#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sources/test_tree.h"

namespace leakscope::sources::kernel_counters {
namespace {

using model::Metric;
using model::SubjectKind;

class CounterTree : public testing::Test {
 protected:
  void write(std::string_view file, std::string_view text) const { tree_.write(file, text); }
  RootedDir root() const { return tree_.root(); }
  void take(Source& source) {
    sample_.clear();
    model::SampleSink sink(registry_, sample_);
    const auto result = source.sample(sink);
    ASSERT_TRUE(result) << to_string(result.error());
  }
  std::optional<std::int64_t> reading(model::SubjectId id, Metric metric) const {
    std::optional<std::int64_t> value;
    for (const model::Reading& r : sample_.readings) {
      if (r.subject != id || r.metric != metric) continue;
      EXPECT_FALSE(value) << "two readings of one metric";
      value = r.value;
    }
    return value;
  }
  std::optional<std::int64_t> reading(Metric metric) const { return reading(model::Registry::machine_id(), metric); }
  std::optional<std::int64_t> reading(SubjectKind kind, const std::string& name, Metric metric) const {
    const auto id = registry_.find({.kind = kind, .name = name});
    return id ? reading(*id, metric) : std::nullopt;
  }

  TestTree tree_;
  model::Registry registry_;
  model::Sample sample_;
};

model::Coverage::State state_of(const Source& source, std::string_view name) {
  for (const model::Coverage& entry : source.coverage()) {
    if (entry.source == name) return entry.state;
  }
  ADD_FAILURE() << "no coverage of " << name;
  return {};
}

TEST_F(CounterTree, SocketBuffersAreBytesWhateverTheFileCountsIn) {
  write("proc/net/sockstat",
        "sockets: used 17\nTCP: inuse 1 orphan 2 tw 3 alloc 4 mem 35\nUDP: inuse 5 mem 6\n"
        "FRAG: inuse 1 memory 4711\n");
  auto source = open_socket_counters(root(), PageSize{65536});
  ASSERT_TRUE(source) << to_string(source.error());
  take(**source);
  EXPECT_EQ(reading(Metric::kSockSocketsUsed), 17);
  EXPECT_EQ(reading(Metric::kSockTcpMem), 35 * 65536);
  EXPECT_EQ(reading(Metric::kSockUdpMem), 6 * 65536);
  EXPECT_EQ(reading(Metric::kSockFragMem), 4711);
  EXPECT_EQ(reading(Metric::kSockRawInuse), std::nullopt);
  EXPECT_EQ(reading(Metric::kConntrackCount), std::nullopt);
  EXPECT_EQ(state_of(**source, "sockstat"), model::Coverage::State::kOk);
  EXPECT_EQ(state_of(**source, "sockstat6"), model::Coverage::State::kAbsent);
}

TEST_F(CounterTree, AFileThatAppearsLaterIsFound) {
  write("proc/net/sockstat", "sockets: used 17\n");
  auto source = open_socket_counters(root(), PageSize{4096});
  ASSERT_TRUE(source);
  write("proc/sys/net/netfilter/nf_conntrack_count", "99\n");
  for (int i = 0; i < 40; ++i) take(**source);
  EXPECT_EQ(reading(Metric::kConntrackCount), 99);
}

TEST_F(CounterTree, ABrokenFileCostsItsOwnFiguresOnly) {
  write("proc/sys/fs/dentry-state", "garbage\n");
  write("proc/sys/fs/inode-nr", "34661\t12\n");
  write("proc/sys/fs/file-nr", "593\t0\t2466177\n");
  write("proc/sys/kernel/pid_max", "32768\n");
  auto source = open_object_counters(root());
  ASSERT_TRUE(source);
  take(**source);
  EXPECT_EQ(reading(Metric::kDentryTotal), std::nullopt);
  EXPECT_EQ(reading(Metric::kInodeTotal), 34661);
  EXPECT_EQ(reading(Metric::kInodeFree), 12);
  EXPECT_EQ(reading(Metric::kFileAllocated), 593);
  EXPECT_EQ(reading(Metric::kFileMax), 2466177);
  EXPECT_EQ(reading(Metric::kPidMax), 32768);
  EXPECT_EQ(reading(Metric::kThreadsMax), std::nullopt);
  EXPECT_EQ(state_of(**source, "dentry-state"), model::Coverage::State::kPartial);
  EXPECT_EQ(state_of(**source, "threads-max"), model::Coverage::State::kAbsent);
}

TEST_F(CounterTree, WithoutAnyFileThereIsNoSource) {
  EXPECT_FALSE(open_socket_counters(root(), PageSize{4096}));
  EXPECT_FALSE(open_object_counters(root()));
  EXPECT_FALSE(open_sysvipc(root()));
  EXPECT_FALSE(open_modules(root()));
}

constexpr std::string_view kShmHeader = "key shmid perms size cpid lpid nattch uid rss swap\n";

TEST_F(CounterTree, SegmentsThatMatterAreSubjectsAndSumsAreOverAll) {
  std::string table(kShmHeader);
  for (int i = 0; i < 30; ++i) table += fmt::format("0 {} 600 {} 7 7 1 0 {} 0\n", i, 8192 * (i + 1), 4096 * (i + 1));
  table += "95 100 600 4096 7 7 0 1000 1024 512\n";
  write("proc/sysvipc/shm", table);
  auto source = open_sysvipc(root());
  ASSERT_TRUE(source);
  take(**source);
  EXPECT_EQ(reading(Metric::kSysvShmSegments), 31);
  EXPECT_EQ(reading(Metric::kSysvShmUnattached), 1);
  EXPECT_EQ(reading(Metric::kSysvShmBytes), 4096 * 465 + 1024);
  EXPECT_EQ(reading(Metric::kSysvShmUnattachedBytes), 1024);
  EXPECT_EQ(reading(Metric::kSysvShmSize), 8192 * 465 + 4096);
  EXPECT_EQ(reading(SubjectKind::kSysvShm, "shmid 29 key 0x0", Metric::kShmSegmentRss), 4096 * 30);
  EXPECT_EQ(reading(SubjectKind::kSysvShm, "shmid 9 key 0x0", Metric::kShmSegmentRss), std::nullopt);
  EXPECT_EQ(reading(SubjectKind::kSysvShm, "shmid 10 key 0x0", Metric::kShmSegmentAttached), 1);
  EXPECT_EQ(reading(SubjectKind::kSysvShm, "shmid 100 key 0x5f", Metric::kShmSegmentSwap), 512);
  const auto id = registry_.find({.kind = SubjectKind::kSysvShm, .name = "shmid 100 key 0x5f"});
  EXPECT_EQ(registry_.info(*id).detail, "made by pid 7, uid 1000");

  write("proc/sysvipc/shm", kShmHeader);
  take(**source);
  EXPECT_EQ(sample_.retired.size(), 21U);
  EXPECT_EQ(reading(Metric::kSysvShmBytes), 0);
}

TEST_F(CounterTree, WithoutAnRssColumnResidenceIsLeftOut) {
  write("proc/sysvipc/shm", "key shmid perms size cpid lpid nattch\n0 1 600 4096 7 7 0\n");
  auto source = open_sysvipc(root());
  ASSERT_TRUE(source);
  take(**source);
  EXPECT_EQ(reading(Metric::kSysvShmSize), 4096);
  EXPECT_EQ(reading(Metric::kSysvShmBytes), std::nullopt);
  EXPECT_EQ(reading(Metric::kSysvShmUnattachedBytes), std::nullopt);
  EXPECT_EQ(reading(Metric::kSysvMsgQueues), std::nullopt);
  EXPECT_EQ(state_of(**source, "sysvipc.shm"), model::Coverage::State::kPartial);
}

TEST_F(CounterTree, MessagesAndSemaphoresAndTheirLimits) {
  write("proc/sysvipc/msg", "key msqid perms cbytes qnum lspid\n1 2 600 100 3 4\n1 3 600 50 1 4\n");
  write("proc/sysvipc/sem", "key semid perms nsems\n1 2 600 5\n");
  write("proc/sys/kernel/sem", "32000\t1024000000\t500\t32000\n");
  write("proc/sys/kernel/msgmni", "32000\n");
  write("proc/sys/kernel/shmmni", "4096\n");
  auto source = open_sysvipc(root());
  ASSERT_TRUE(source);
  take(**source);
  EXPECT_EQ(reading(Metric::kSysvMsgQueues), 2);
  EXPECT_EQ(reading(Metric::kSysvMsgBytes), 150);
  EXPECT_EQ(reading(Metric::kSysvMsgCount), 4);
  EXPECT_EQ(reading(Metric::kSysvSemSets), 1);
  EXPECT_EQ(reading(Metric::kSysvSemaphores), 5);
  EXPECT_EQ(reading(Metric::kSysvSemMax), 32000);
  EXPECT_EQ(reading(Metric::kSysvMsgMax), 32000);
  EXPECT_EQ(reading(Metric::kSysvShmMax), 4096);
}

TEST_F(CounterTree, ModulesLoadAndUnload) {
  write("proc/modules", "a 16384 0 - Live 0x0\nb 20480 1 a, Live 0x0 (OE)\n");
  auto source = open_modules(root());
  ASSERT_TRUE(source);
  take(**source);
  EXPECT_TRUE(sample_.events.empty());
  EXPECT_EQ(reading(SubjectKind::kModule, "b", Metric::kModuleSize), 20480);
  EXPECT_EQ(registry_.info(*registry_.find({.kind = SubjectKind::kModule, .name = "b"})).detail, "taints: OE");

  write("proc/modules", "c 4096 0 - Live 0x0\na 16384 0 - Live 0x0\n");
  take(**source);
  ASSERT_EQ(sample_.events.size(), 2U);
  EXPECT_EQ(sample_.events[0].kind, model::EventKind::kModuleLoad);
  EXPECT_EQ(sample_.events[0].text, "c");
  EXPECT_EQ(sample_.events[1].kind, model::EventKind::kModuleUnload);
  EXPECT_EQ(sample_.events[1].text, "b");
  EXPECT_EQ(sample_.retired.size(), 1U);

  write("proc/modules", "c 4096 0 - Live 0x0\na 163");
  take(**source);
  EXPECT_TRUE(sample_.events.empty());
  EXPECT_EQ((*source)->losses()[0].count, 1U);
}

TEST(CountersLive, ASegmentAppearsGrowsAndIsRetired) {
  auto source = open_sysvipc(*RootedDir::open("/"));
  if (!source) GTEST_SKIP() << to_string(source.error());
  constexpr std::size_t kSize = 3 << 20;
  const int id = shmget(IPC_PRIVATE, kSize, IPC_CREAT | 0600);
  if (id < 0) GTEST_SKIP() << "shmget: " << std::strerror(errno);
  void* memory = shmat(id, nullptr, 0);
  if (reinterpret_cast<std::intptr_t>(memory) != -1) {
    std::memset(memory, 1, kSize);
    shmdt(memory);
  }
  model::Registry registry;
  model::Sample sample;
  model::SampleSink sink(registry, sample);
  const bool first = (*source)->sample(sink).has_value();
  shmctl(id, IPC_RMID, nullptr);
  ASSERT_TRUE(first);
  const auto subject = registry.find({.kind = SubjectKind::kSysvShm, .name = fmt::format("shmid {} key 0x0", id)});
  ASSERT_TRUE(subject);
  std::optional<std::int64_t> rss;
  for (const model::Reading& r : sample.readings) {
    if (r.subject == *subject && r.metric == Metric::kShmSegmentRss) rss = r.value;
  }
  if (rss) {
    EXPECT_EQ(*rss, std::int64_t{kSize});
  }
  sample.clear();
  ASSERT_TRUE((*source)->sample(sink));
  EXPECT_EQ(sample.retired, std::vector<model::SubjectId>{*subject});
}

TEST(CountersLive, ReadsThisMachine) {
  const auto root = RootedDir::open("/");
  model::Registry registry;
  model::Sample sample;
  model::SampleSink sink(registry, sample);
  auto objects = open_object_counters(*root);
  ASSERT_TRUE(objects) << to_string(objects.error());
  ASSERT_TRUE((*objects)->sample(sink));
  EXPECT_GE(sample.readings.size(), 7U);
  for (const model::Coverage& entry : (*objects)->coverage()) EXPECT_EQ(entry.state, model::Coverage::State::kOk);

  const int before = ::socket(AF_INET, SOCK_DGRAM, 0);
  if (before < 0) GTEST_SKIP() << "no sockets here";
  auto sockets = open_socket_counters(*root, page_size_of_this_machine());
  if (sockets) {
    sample.clear();
    EXPECT_TRUE((*sockets)->sample(sink));
    EXPECT_GE(sample.readings.size(), 10U);
  }
  ::close(before);
}

}  // namespace
}  // namespace leakscope::sources::kernel_counters
