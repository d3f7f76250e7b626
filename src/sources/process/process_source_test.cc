#include "sources/process/process_source.h"

#include <algorithm>
#include <cstdlib>

#include <gtest/gtest.h>

#include "base/testing/counted_allocations.h"
#include "sources/process/made_proc.h"
#include "sources/process/process_groups.h"

namespace leakscope::sources::process {
namespace {

using model::EventKind;
using model::Metric;

// A table that tells what the test wants.
class ScriptedTable final : public ProcessTable {
 public:
  explicit ScriptedTable(const std::vector<ProcessRecord>& records) : records_(records) {}
  [[nodiscard]] std::string_view name() const override { return "scripted table"; }
  [[nodiscard]] Result<> read(std::vector<ProcessRecord>& records) override {
    if (fails) return fail(Error::Kind::kDenied, "table", "may not be read");
    records = records_;
    return {};
  }
  [[nodiscard]] std::vector<model::Coverage> coverage() const override { return {}; }
  bool fails = false;

 private:
  const std::vector<ProcessRecord>& records_;
};

ProcessRecord record(std::int32_t pid, std::uint64_t start, std::string_view comm, std::int64_t anon) {
  ProcessRecord r;
  r.id = {Pid{pid}, StartTime{start}};
  r.comm = Comm::from(comm);
  r.rss_anon = anon;
  r.threads = 1;
  return r;
}

class ProcessSourceTest : public ::testing::Test {
 protected:
  void open(ProcessOptions options = {}) {
    auto table = std::make_unique<ScriptedTable>(records);
    scripted = table.get();
    source = open_processes(proc.root(), std::move(table), options).value();
  }
  void tick() {
    sample.clear();
    sample.time.boot.since_boot += std::chrono::seconds(1);
    model::SampleSink sink(registry, sample);
    const auto done = source->sample(sink);
    ASSERT_TRUE(done) << to_string(done.error());
  }
  [[nodiscard]] std::optional<std::int64_t> value(model::SubjectKind kind, const std::string& name, Metric m) const {
    for (const model::Reading& r : sample.readings) {
      const model::SubjectInfo info = registry.info(r.subject);
      if (r.metric == m && info.key.kind == kind && info.key.name == name) return r.value;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::optional<std::int64_t> group(const std::string& name, Metric m) const {
    return value(model::SubjectKind::kGroup, name, m);
  }
  [[nodiscard]] std::optional<std::int64_t> machine(Metric m) const {
    return value(model::SubjectKind::kMachine, "", m);
  }
  [[nodiscard]] std::ptrdiff_t events(EventKind kind) const {
    return std::ranges::count_if(sample.events, [&](const model::Event& e) { return e.kind == kind; });
  }

  MadeProc proc;
  std::vector<ProcessRecord> records;
  ScriptedTable* scripted = nullptr;
  model::Registry registry;
  model::Sample sample;
  std::unique_ptr<Source> source;
};

TEST_F(ProcessSourceTest, SumsGroupsAndLeavesKernelThreadsOut) {
  proc.add({.pid = 10, .executable = "/usr/sbin/nginx", .cgroup = "0::/system.slice/nginx.service\n"});
  proc.add({.pid = 11, .executable = "/usr/sbin/nginx (deleted)", .cgroup = "0::/system.slice/nginx.service\n"});
  proc.add({.pid = 12, .executable = "/usr/sbin/nginx", .cgroup = "0::/jobs/7\n"});
  records = {record(10, 1, "nginx", 100), record(11, 2, "nginx", 50), record(12, 3, "nginx", 7), record(2, 1, "kt", 9)};
  records[3].kernel_thread = true;
  open();
  tick();
  EXPECT_EQ(group("nginx in nginx.service", Metric::kGroupRssAnon), 150);
  EXPECT_EQ(group("nginx in nginx.service", Metric::kGroupMembers), 2);
  EXPECT_EQ(group("nginx in /jobs/7", Metric::kGroupRssAnon), 7);
  EXPECT_EQ(machine(Metric::kProcessesTotal), 3);
  EXPECT_EQ(machine(Metric::kProcessesKernelThreads), 1);
  EXPECT_EQ(machine(Metric::kProcessesRssAnonTotal), 157);
  EXPECT_FALSE(value(model::SubjectKind::kProcess, "kt", Metric::kProcessRssAnon));
  EXPECT_TRUE(sample.events.empty());  // nothing started, it was there before us
  const auto id = registry.find({model::SubjectKind::kProcess, "nginx", ProcessId{Pid{10}, StartTime{1}}});
  ASSERT_TRUE(id);
  EXPECT_EQ(registry.info(*id).container, "nginx.service");
  EXPECT_EQ(registry.info(*registry.info(*id).parent).key.name, "nginx in nginx.service");
}

TEST_F(ProcessSourceTest, AReusedPidIsAnotherProcessAndTheGroupOutlivesBoth) {
  proc.add({.pid = 10});
  records = {record(10, 1, "made", 100)};
  open();
  tick();
  records = {record(10, 77, "made", 30)};
  tick();
  EXPECT_EQ(events(EventKind::kProcessExit), 1);
  EXPECT_EQ(events(EventKind::kProcessStart), 1);
  ASSERT_EQ(sample.retired.size(), 1U);
  EXPECT_EQ(group("made in made.service", Metric::kGroupRssAnon), 30);
  records.clear();
  tick();
  EXPECT_EQ(group("made in made.service", Metric::kGroupRssAnon), 0);
  EXPECT_EQ(group("made in made.service", Metric::kGroupMembers), 0);
}

TEST_F(ProcessSourceTest, ExecChangesNameAndGroupButNotTheIdentity) {
  proc.add({.pid = 10, .executable = "/usr/bin/bash"});
  records = {record(10, 1, "bash", 100)};
  open();
  tick();
  const auto before = registry.find({model::SubjectKind::kProcess, "", ProcessId{Pid{10}, StartTime{1}}});
  proc.add({.pid = 10, .executable = "/usr/bin/python3"});
  records = {record(10, 1, "python3", 60)};
  tick();
  EXPECT_EQ(registry.find({model::SubjectKind::kProcess, "", ProcessId{Pid{10}, StartTime{1}}}), before);
  EXPECT_EQ(registry.info(*before).key.name, "python3");
  EXPECT_EQ(group("bash in made.service", Metric::kGroupMembers), 0);
  EXPECT_EQ(group("python3 in made.service", Metric::kGroupRssAnon), 60);
  EXPECT_TRUE(sample.events.empty());
}

TEST_F(ProcessSourceTest, AForkStormIsCountedInFewWords) {
  open({.identities_per_sample = 100, .events_per_sample = 5});
  tick();
  for (std::int32_t pid = 1000; pid < 1300; ++pid) {
    proc.add({.pid = pid});
    records.push_back(record(pid, 50, "storm", 1));
  }
  tick();
  EXPECT_EQ(events(EventKind::kProcessStart), 6);
  EXPECT_EQ(sample.events.back().text, "295 more processes started");
  EXPECT_EQ(group("made in made.service", Metric::kGroupMembers), 100);
  ASSERT_EQ(source->losses().size(), 1U);
  EXPECT_EQ(source->losses()[0].count, 200U);
  tick();
  tick();
  EXPECT_EQ(group("made in made.service", Metric::kGroupMembers), 300);
  EXPECT_TRUE(source->losses().empty());
  records.clear();
  tick();
  EXPECT_EQ(sample.retired.size(), 300U);
  EXPECT_EQ(events(EventKind::kProcessExit), 6);
}

TEST_F(ProcessSourceTest, KeepsTheLastKnownSizesInSumsOnly) {
  proc.add({.pid = 10});
  records = {record(10, 1, "made", 100)};
  records[0].swap = 40;
  open();
  tick();
  records[0].swap.reset();
  tick();
  EXPECT_FALSE(value(model::SubjectKind::kProcess, "made", Metric::kProcessSwap));
  EXPECT_EQ(group("made in made.service", Metric::kGroupSwap), 40);
  EXPECT_FALSE(group("made in made.service", Metric::kGroupPageTables));  // never seen
}

TEST_F(ProcessSourceTest, MemoryOfTheParentCountsOnceAndZombiesHaveNone) {
  proc.add({.pid = 10});
  proc.add({.pid = 11});
  records = {record(10, 1, "made", 100), record(11, 2, "made", 100)};
  records[1].shares_parent_memory = true;
  open();
  tick();
  EXPECT_EQ(group("made in made.service", Metric::kGroupRssAnon), 100);
  EXPECT_EQ(machine(Metric::kProcessesRssAnonTotal), 100);
  records[0].zombie = true;
  records[0].rss_anon.reset();
  tick();
  EXPECT_EQ(group("made in made.service", Metric::kGroupRssAnon), 0);
  EXPECT_EQ(machine(Metric::kProcessesZombies), 1);
}

TEST_F(ProcessSourceTest, GroupsWithoutMembersEndAfterAWhile) {
  proc.add({.pid = 10});
  records = {record(10, 1, "made", 100)};
  open({.keep_empty_groups = std::chrono::seconds(3)});
  tick();
  records.clear();
  for (int i = 0; i < 3; ++i) tick();
  EXPECT_TRUE(registry.find({model::SubjectKind::kGroup, "made in made.service"}));
  tick();
  EXPECT_FALSE(registry.find({model::SubjectKind::kGroup, "made in made.service"}));
  EXPECT_EQ(sample.retired.size(), 1U);
}

TEST_F(ProcessSourceTest, FallsBackToProcWhenTheTableFails) {
  proc.add({.pid = 10, .comm = "made", .start = 1, .anon_kib = 8});
  records = {record(10, 1, "made", 8192)};
  open();
  tick();
  scripted->fails = true;
  tick();
  EXPECT_EQ(group("made in made.service", Metric::kGroupRssAnon), 8192);
  EXPECT_TRUE(sample.events.empty());
  const auto coverage = source->coverage();
  EXPECT_TRUE(std::ranges::any_of(coverage, [](const model::Coverage& c) {
    return c.state == model::Coverage::State::kPartial && c.why.find("scripted table failed") != std::string::npos;
  }));
}

TEST_F(ProcessSourceTest, AllocatesNothingWhileNoProcessStartsOrEnds) {
  for (std::int32_t pid = 100; pid < 150; ++pid) {
    proc.add({.pid = pid, .comm = "steady", .start = 7, .anon_kib = std::int64_t{4} * pid, .file_kib = 8});
  }
  source = open_processes(proc.root(), nullptr).value();
  for (int i = 0; i < 20; ++i) tick();
  model::SampleSink sink(registry, sample);
  const std::size_t before = allocations();
  for (int i = 0; i < 40; ++i) {
    sample.clear();
    ASSERT_TRUE(source->sample(sink));
  }
  EXPECT_EQ(allocations() - before, 0U);
  EXPECT_EQ(group("made in made.service", Metric::kGroupMembers), 50);
}

TEST(GroupName, IsTheProgramAndItsPlace) {
  EXPECT_EQ(group_name({"/usr/sbin/nginx", "nginx", "/a/b", "nginx.service"}), "nginx in nginx.service");
  EXPECT_EQ(group_name({"/usr/sbin/nginx (deleted)", "nginx", "/", ""}), "nginx");
  EXPECT_EQ(group_name({"", "kworker", "/jobs/1", ""}), "kworker in /jobs/1");
  EXPECT_EQ(group_name({"/memfd:runc (deleted)", "runc", "", ""}), "memfd:runc");
}

}  // namespace
}  // namespace leakscope::sources::process
