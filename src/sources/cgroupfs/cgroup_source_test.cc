#include "sources/cgroupfs/cgroup_source.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "model/registry.h"
#include "model/sample.h"
#include "sources/cgroupfs/scratch_tree.h"

namespace leakscope::sources::cgroupfs {
namespace {

using model::EventKind;
using model::Metric;
using std::chrono::seconds;

constexpr const char* kRoot = "sys/fs/cgroup";

/// A v2 hierarchy in a folder and a source that samples it.
class V2 {
 public:
  V2() {
    tree.write("sys/fs/cgroup/cgroup.controllers", "memory pids\n");
    tree.write("sys/fs/cgroup/memory.stat", "anon 1000\n");
    tree.write("sys/fs/cgroup/cgroup.stat", "nr_descendants 2\nnr_dying_descendants 5\n");
  }
  void add(const std::string& path, int current, const std::string& max = "max") const {
    const std::string directory = kRoot + path;
    tree.write(directory + "/memory.current", std::to_string(current) + "\n");
    tree.write(directory + "/memory.max", max + "\n");
    tree.write(directory + "/memory.stat", "anon " + std::to_string(current) + "\nfile 0\n");
    tree.write(directory + "/pids.current", "3\n");
    tree.write(directory + "/pids.max", "max\n");
  }
  void open(const CgroupBudget& budget = {}) { source = open_cgroups(tree.root(), budget).value(); }
  const model::Sample& sample(seconds at) {
    last.clear();
    last.time = Moment{BootTime{at}, WallTime{at}, at};
    model::SampleSink sink(registry, last);
    EXPECT_TRUE(source->sample(sink));
    return last;
  }
  [[nodiscard]] std::optional<std::int64_t> value(const std::string& cgroup, Metric metric) const {
    const auto subject = registry.find({model::SubjectKind::kCgroup, cgroup});
    if (!subject) return std::nullopt;
    return value(*subject, metric);
  }
  [[nodiscard]] std::optional<std::int64_t> value(model::SubjectId subject, Metric metric) const {
    for (const auto& reading : last.readings) {
      if (reading.subject == subject && reading.metric == metric) return reading.value;
    }
    return std::nullopt;
  }

  ScratchTree tree;
  model::Registry registry;
  model::Sample last;
  std::unique_ptr<Source> source;
};

TEST(CgroupSource, ReadsAmountsAndLimitsOfEachCgroup) {
  V2 v2;
  v2.add("/a.slice", 5000, "8000");
  v2.add("/a.slice/b.service", 4000);
  v2.open();
  const auto& sample = v2.sample(seconds(10));
  EXPECT_EQ(v2.value("/a.slice", Metric::kCgroupCurrent), 5000);
  EXPECT_EQ(v2.value("/a.slice", Metric::kCgroupMax), 8000);
  EXPECT_EQ(v2.value("/a.slice", Metric::kCgroupPidsCurrent), 3);
  EXPECT_EQ(v2.value("/a.slice", Metric::kCgroupPidsMax), std::nullopt);
  EXPECT_EQ(v2.value("/a.slice/b.service", Metric::kCgroupMax), std::nullopt);
  EXPECT_EQ(v2.value("/a.slice/b.service", Metric::kCgroupAnon), 4000);
  EXPECT_EQ(v2.value("/a.slice/b.service", Metric::kCgroupSwapCurrent), std::nullopt);
  EXPECT_EQ(v2.value("/", Metric::kCgroupAnon), 1000);
  EXPECT_EQ(v2.value("/", Metric::kCgroupCurrent), std::nullopt);
  EXPECT_TRUE(sample.events.empty()) << "what stands at the first look was not made just now";

  const auto child = v2.registry.find({model::SubjectKind::kCgroup, "/a.slice/b.service"});
  const auto parent = v2.registry.find({model::SubjectKind::kCgroup, "/a.slice"});
  ASSERT_TRUE(child && parent);
  EXPECT_EQ(v2.registry.info(*child).parent, parent);
  EXPECT_EQ(v2.source->coverage().front().state, model::Coverage::State::kOk);
}

TEST(CgroupSource, CountsDyingCgroupsFromTheRootsOwnFigure) {
  V2 v2;
  v2.open();
  v2.sample(seconds(10));
  EXPECT_EQ(v2.value(model::Registry::machine_id(), Metric::kCgroupsDying), 5);
  EXPECT_EQ(v2.value(model::Registry::machine_id(), Metric::kCgroupsVisible), 3);
  EXPECT_EQ(v2.value(model::Registry::machine_id(), Metric::kCgroupsExisting), 8);
}

TEST(CgroupSource, MadeAndRemovedCgroupsAreEventsAndRetire) {
  V2 v2;
  v2.add("/a", 1);
  v2.add("/a/x", 1);
  v2.open();
  v2.sample(seconds(10));
  v2.add("/b", 2);
  v2.tree.remove("sys/fs/cgroup/a");
  EXPECT_TRUE(v2.sample(seconds(12)).events.empty()) << "the next walk is not due";
  const auto& sample = v2.sample(seconds(15));
  ASSERT_EQ(sample.events.size(), 3U);
  const auto count = [&](EventKind kind, const std::string& text) {
    return std::ranges::count_if(sample.events,
                                 [&](const auto& event) { return event.kind == kind && event.text == text; });
  };
  EXPECT_EQ(count(EventKind::kCgroupMade, "/b"), 1);
  EXPECT_EQ(count(EventKind::kCgroupRemoved, "/a"), 1);
  EXPECT_EQ(count(EventKind::kCgroupRemoved, "/a/x"), 1);
  EXPECT_EQ(sample.retired.size(), 2U);
  EXPECT_EQ(v2.value("/b", Metric::kCgroupCurrent), 2);
}

TEST(CgroupSource, OneMadeAnewUnderTheSameNameIsAnotherSubject) {
  V2 v2;
  v2.add("/a", 1);
  v2.open();
  v2.sample(seconds(10));
  const auto before = v2.registry.find({model::SubjectKind::kCgroup, "/a"});
  v2.tree.make_directory("sys/fs/cgroup/keeps-the-inode-number-from-being-used-again");
  v2.tree.make_directory("sys/fs/cgroup/a2");
  v2.tree.remove("sys/fs/cgroup/a");
  v2.tree.make_directory("sys/fs/cgroup/filler");
  v2.add("/a", 1);
  v2.sample(seconds(20));
  const auto after = v2.registry.find({model::SubjectKind::kCgroup, "/a"});
  ASSERT_TRUE(before && after);
  EXPECT_NE(before, after);
}

TEST(CgroupSource, ALimitThatIsTakenAwayHasNoReadingAnyMore) {
  V2 v2;
  v2.add("/a", 1, "100");
  v2.open();
  v2.sample(seconds(10));
  EXPECT_EQ(v2.value("/a", Metric::kCgroupMax), 100);
  v2.add("/a", 1, "max");
  v2.sample(seconds(20));
  EXPECT_EQ(v2.value("/a", Metric::kCgroupMax), std::nullopt);
  EXPECT_EQ(v2.value("/a", Metric::kCgroupCurrent), 1);
}

TEST(CgroupSource, ASmallBudgetReadsLimitedAndLargeOnesAlwaysAndTheRestInTurn) {
  V2 v2;
  for (int i = 0; i < 20; ++i) v2.add("/c" + std::to_string(i), 1000 + i);
  v2.add("/limited", 5, "100");
  v2.add("/large", 1'000'000);
  v2.open({.reads = 30, .read_cpu = seconds(1), .walk_cpu = seconds(1), .favourites = 3});
  v2.sample(seconds(10));  // all 23 are read: now their sizes are known
  v2.sample(seconds(20));  // the favourites are chosen at the end of this walk

  v2.open({.reads = 6, .read_cpu = seconds(1), .walk_cpu = seconds(1), .favourites = 3});
  std::vector<std::string> seen;
  for (int round = 0; round < 20; ++round) {
    v2.sample(seconds(100 + 10 * round));
    if (round > 10) {
      EXPECT_TRUE(v2.value("/limited", Metric::kCgroupCurrent)) << round;
      EXPECT_TRUE(v2.value("/large", Metric::kCgroupCurrent)) << round;
    }
    for (int i = 0; i < 20; ++i) {
      std::string name = "/c" + std::to_string(i);
      if (v2.value(name, Metric::kCgroupCurrent)) seen.push_back(std::move(name));
    }
  }
  std::ranges::sort(seen);
  const auto twice = std::ranges::unique(seen);
  EXPECT_EQ(seen.size() - twice.size(), 20U) << "each of the others had its turn";
  const auto coverage = v2.source->coverage();
  ASSERT_EQ(coverage.size(), 1U);
  EXPECT_EQ(coverage[0].state, model::Coverage::State::kPartial);
  EXPECT_NE(coverage[0].why.find("6 of 23"), std::string::npos) << coverage[0].why;
}

TEST(CgroupSource, MoreCgroupsThanItTakesInAreSaidToBeLeftOut) {
  V2 v2;
  for (int i = 0; i < 20; ++i) v2.add("/c" + std::to_string(i), 1);
  v2.open({.walk_cpu = seconds(1), .most_cgroups = 10});
  v2.sample(seconds(10));
  EXPECT_EQ(v2.source->coverage().front().state, model::Coverage::State::kPartial);
}

TEST(CgroupSource, AWrongFileCostsItsOwnFigureAndIsNamed) {
  V2 v2;
  v2.add("/a", 5);
  v2.tree.write("sys/fs/cgroup/a/memory.current", "lots\n");
  v2.open();
  v2.sample(seconds(10));
  EXPECT_EQ(v2.value("/a", Metric::kCgroupCurrent), std::nullopt);
  EXPECT_EQ(v2.value("/a", Metric::kCgroupAnon), 5);
  EXPECT_NE(v2.source->coverage().front().why.find("/a/memory.current:1: want a number or 'max', got 'lots'"),
            std::string::npos)
      << v2.source->coverage().front().why;
}

TEST(CgroupSource, V1TakesDyingFromTheKernelsCountAndPidsFromTheOtherHierarchy) {
  V2 v1;
  v1.tree.remove("sys/fs/cgroup");
  v1.tree.write("sys/fs/cgroup/memory/release_agent", "\n");
  v1.tree.write("sys/fs/cgroup/memory/x/memory.usage_in_bytes", "9000\n");
  v1.tree.write("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "9223372036854771712\n");
  v1.tree.write("sys/fs/cgroup/memory/x/memory.kmem.usage_in_bytes", "400\n");
  v1.tree.write("sys/fs/cgroup/memory/x/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  v1.tree.write("sys/fs/cgroup/pids/x/pids.current", "7\n");
  v1.tree.write("proc/cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t4\t16\t1\n");
  v1.open();
  v1.sample(seconds(10));
  EXPECT_EQ(v1.value("memory:/x", Metric::kCgroupCurrent), 9000);
  EXPECT_EQ(v1.value("memory:/x", Metric::kCgroupMax), std::nullopt);
  EXPECT_EQ(v1.value("memory:/x", Metric::kCgroupKernel), 400);
  EXPECT_EQ(v1.value("memory:/x", Metric::kCgroupEventsOomKill), 2);
  EXPECT_EQ(v1.value("memory:/x", Metric::kCgroupPidsCurrent), 7);
  EXPECT_EQ(v1.value(model::Registry::machine_id(), Metric::kCgroupsVisible), 2);
  EXPECT_EQ(v1.value(model::Registry::machine_id(), Metric::kCgroupsDying), 14);
}

TEST(CgroupFacts, FindsTheTightestLimitUpTheTree) {
  V2 v2;
  v2.add("/a", 10, "500");
  v2.add("/a/b", 10, "900");
  v2.add("/a/b/c", 10);
  v2.tree.write("sys/fs/cgroup/a/b/c/cgroup.procs", "12\n13\n");
  const auto root = v2.tree.root();
  for (const std::string& written :
       {std::string("/a/b/c"), std::string("a/b/c/"), std::string("/sys/fs/cgroup/a/b/c")}) {
    const auto facts = read_cgroup(root, written);
    ASSERT_TRUE(facts) << written << ": " << to_string(facts.error());
    EXPECT_EQ(facts->name, "/a/b/c");
    ASSERT_TRUE(facts->memory_limit);
    EXPECT_EQ(facts->memory_limit->value, 500);
    EXPECT_EQ(facts->memory_limit->cgroup, "/a");
    EXPECT_FALSE(facts->pids_limit);
    EXPECT_EQ(facts->values.find(Metric::kCgroupCurrent), 10);
    EXPECT_EQ(facts->processes, (std::vector<Pid>{Pid{12}, Pid{13}}));
  }
  EXPECT_EQ(read_cgroup(root, "/")->name, "/");
  EXPECT_EQ(read_cgroup(root, "/a/nothing").error().kind, Error::Kind::kNotFound);
  EXPECT_EQ(read_cgroup(root, "/a/../../etc").error().kind, Error::Kind::kUsage);
}

}  // namespace
}  // namespace leakscope::sources::cgroupfs
