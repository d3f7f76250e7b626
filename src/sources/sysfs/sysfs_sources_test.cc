#include "sources/sysfs/sysfs_sources.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "sources/test_tree.h"

namespace leakscope::sources::sysfs {
namespace {

using model::Coverage;
using model::Metric;

using Factory = Result<std::unique_ptr<Source>> (*)(const RootedDir&);

class Sampled {
 public:
  Sampled(const TestTree& tree, Factory open) : source_(open(tree.root()).value()) {}

  void sample(int after_seconds = 1) {
    sample_.clear();
    sample_.time.boot.since_boot += std::chrono::seconds(after_seconds);
    model::SampleSink sink(registry_, sample_);
    EXPECT_TRUE(source_->sample(sink));
  }
  [[nodiscard]] std::optional<std::int64_t> value(Metric metric, std::string_view subject) const {
    for (const model::Reading& reading : sample_.readings) {
      if (reading.metric == metric && registry_.info(reading.subject).key.name == subject) return reading.value;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::vector<std::string> retired() const {
    std::vector<std::string> names;
    names.reserve(sample_.retired.size());
    for (const model::SubjectId id : sample_.retired) names.push_back(registry_.info(id).key.name);
    return names;
  }
  [[nodiscard]] std::vector<Coverage> coverage() const { return source_->coverage(); }
  [[nodiscard]] Coverage::State state() const { return source_->coverage().at(0).state; }
  [[nodiscard]] const model::Sample& last() const { return sample_; }
  [[nodiscard]] const Source& source() const { return *source_; }

 private:
  model::Registry registry_;
  model::Sample sample_;
  std::unique_ptr<Source> source_;
};

using Names = std::vector<std::string>;

void write_node(const TestTree& tree, int number, int free_kib) {
  const std::string node = std::to_string(number);
  tree.write("sys/devices/system/node/node" + node + "/meminfo",
             "Node " + node + " MemTotal: 100 kB\nNode " + node + " MemFree: " + std::to_string(free_kib) + " kB\n");
}

TEST(NumaNodes, AreSubjectsOfTheirOwn) {
  const TestTree tree;
  write_node(tree, 0, 10);
  write_node(tree, 10, 20);
  tree.write("sys/devices/system/node/online", "0,10\n");
  tree.write("sys/devices/system/node/node07/meminfo", "Node 7 MemTotal: 1 kB\n");  // no name that the kernel gives
  Sampled nodes(tree, open_numa_nodes);
  EXPECT_EQ(nodes.source().info().name, "numa_nodes");
  nodes.sample();
  EXPECT_EQ(nodes.value(Metric::kNodeFree, "0"), 10 * 1024);
  EXPECT_EQ(nodes.value(Metric::kNodeFree, "10"), 20 * 1024);
  EXPECT_EQ(nodes.value(Metric::kNodeSlab, "0"), std::nullopt);
  EXPECT_EQ(nodes.last().readings.size(), 4U);
  EXPECT_EQ(nodes.state(), Coverage::State::kOk);
}

TEST(NumaNodes, AppearAndVanishWhileWeWatch) {
  const TestTree tree;
  write_node(tree, 0, 10);
  Sampled nodes(tree, open_numa_nodes);
  nodes.sample();
  write_node(tree, 1, 20);
  nodes.sample();
  EXPECT_EQ(nodes.value(Metric::kNodeFree, "1"), std::nullopt);  // the folder is listed now and then only
  nodes.sample(30);
  EXPECT_EQ(nodes.value(Metric::kNodeFree, "1"), 20 * 1024);

  tree.remove("sys/devices/system/node/node1");
  nodes.sample();
  EXPECT_EQ(nodes.retired(), Names{"1"});
  EXPECT_EQ(nodes.value(Metric::kNodeFree, "0"), 10 * 1024);
  nodes.sample(30);
  EXPECT_EQ(nodes.retired(), Names{});

  write_node(tree, 1, 30);
  nodes.sample(30);
  EXPECT_EQ(nodes.value(Metric::kNodeFree, "1"), 30 * 1024);
}

TEST(NumaNodes, AnswerInPartWhenOneIsSick) {
  const TestTree tree;
  write_node(tree, 0, 10);
  write_node(tree, 1, 20);
  Sampled nodes(tree, open_numa_nodes);
  nodes.sample();
  tree.write("sys/devices/system/node/node1/meminfo", "Node 1 MemTotal: 100 kB\nNode 1 MemFree: 2");
  nodes.sample();
  EXPECT_EQ(nodes.value(Metric::kNodeFree, "0"), 10 * 1024);
  EXPECT_EQ(nodes.value(Metric::kNodeFree, "1"), std::nullopt);
  EXPECT_EQ(nodes.state(), Coverage::State::kPartial);
  EXPECT_NE(nodes.coverage()[0].why.find("node1/meminfo:2"), std::string::npos) << nodes.coverage()[0].why;
  tree.remove("sys/devices/system/node/node1/meminfo");
  tree.write("sys/devices/system/node/node1/meminfo/a-folder-in-its-place", "");
  nodes.sample();
  EXPECT_EQ(nodes.state(), Coverage::State::kPartial);
  EXPECT_EQ(nodes.retired(), Names{});
  EXPECT_EQ(nodes.source().losses().at(0).count, 1U);
}

TEST(NumaNodes, OutliveTheirFolder) {
  const TestTree tree;
  write_node(tree, 0, 10);
  Sampled nodes(tree, open_numa_nodes);
  nodes.sample();
  tree.remove("sys/devices");
  nodes.sample(30);
  EXPECT_EQ(nodes.retired(), Names{"0"});
  EXPECT_EQ(nodes.state(), Coverage::State::kAbsent);
  write_node(tree, 0, 11);
  nodes.sample(30);
  EXPECT_EQ(nodes.value(Metric::kNodeFree, "0"), 11 * 1024);
  EXPECT_EQ(nodes.state(), Coverage::State::kOk);
}

void write_pool(const TestTree& tree, const std::string& size, const char* total, const char* free) {
  const std::string folder = "sys/kernel/mm/hugepages/hugepages-" + size + "/";
  tree.write(folder + "nr_hugepages", total);
  tree.write(folder + "free_hugepages", free);
  tree.write(folder + "resv_hugepages", "1\n");
  tree.write(folder + "surplus_hugepages", "0\n");
}

TEST(Hugepages, AreBytesOfEverySize) {
  const TestTree tree;
  write_pool(tree, "2048kB", "512\n", "3\n");
  write_pool(tree, "1048576kB", "2\n", "1\n");
  write_pool(tree, "5MB", "2\n", "1\n");  // no name that the kernel gives
  Sampled pools(tree, open_hugepages);
  pools.sample();
  EXPECT_EQ(pools.value(Metric::kHugepagesTotal, "2048"), 512LL << 21);
  EXPECT_EQ(pools.value(Metric::kHugepagesFree, "2048"), 3LL << 21);
  EXPECT_EQ(pools.value(Metric::kHugepagesReserved, "2048"), 1LL << 21);
  EXPECT_EQ(pools.value(Metric::kHugepagesSurplus, "2048"), 0);
  EXPECT_EQ(pools.value(Metric::kHugepagesTotal, "1048576"), 2LL << 30);
  EXPECT_EQ(pools.last().readings.size(), 8U);
}

TEST(Hugepages, LeaveOutWhatCannotBeRead) {
  const TestTree tree;
  for (const char* bad : {"", "5", "x\n", "-1\n", "18446744073709551615\n", "9223372036854775807\n", "1 2\n"}) {
    SCOPED_TRACE(bad);
    write_pool(tree, "2048kB", bad, "3\n");
    Sampled pools(tree, open_hugepages);
    pools.sample();
    EXPECT_EQ(pools.value(Metric::kHugepagesTotal, "2048"), std::nullopt);
    EXPECT_EQ(pools.value(Metric::kHugepagesFree, "2048"), 3LL << 21);
    EXPECT_EQ(pools.state(), Coverage::State::kPartial);
    EXPECT_NE(pools.coverage()[0].why.find("hugepages-2048kB/nr_hugepages:1"), std::string::npos);
  }
}

TEST(Hugepages, GoOnWithoutAFileThatIsMissing) {
  const TestTree tree;
  write_pool(tree, "2048kB", "1\n", "1\n");
  tree.remove("sys/kernel/mm/hugepages/hugepages-2048kB/resv_hugepages");
  Sampled pools(tree, open_hugepages);
  pools.sample();
  EXPECT_EQ(pools.last().readings.size(), 3U);
  EXPECT_EQ(pools.value(Metric::kHugepagesReserved, "2048"), std::nullopt);
  EXPECT_EQ(pools.state(), Coverage::State::kPartial);
}

TEST(Zram, IsFoundThroughTheLinkOfItsBlockDevice) {
  const TestTree tree;
  tree.write("sys/devices/virtual/block/zram0/mm_stat", "100 50 60 0 60 0 0 0 0\n");
  tree.symlink("sys/block/zram0", "../devices/virtual/block/zram0");
  tree.write("sys/block/sda/stat", "");
  Sampled zram(tree, open_zram);
  zram.sample();
  EXPECT_EQ(zram.value(Metric::kZramMemUsed, "zram0"), 60);
  EXPECT_EQ(zram.value(Metric::kZramOrigData, "zram0"), 100);
  EXPECT_EQ(zram.state(), Coverage::State::kOk);
}

TEST(Zram, MayAppearLater) {
  const TestTree tree;
  tree.write("sys/block/sda/stat", "");
  Sampled zram(tree, open_zram);
  zram.sample();
  EXPECT_EQ(zram.state(), Coverage::State::kAbsent);
  tree.write("sys/block/zram1/mm_stat", "1 2 x\n");
  zram.sample(30);
  EXPECT_EQ(zram.state(), Coverage::State::kPartial);
  tree.write("sys/block/zram1/mm_stat", "1 2 3\n");
  zram.sample();
  EXPECT_EQ(zram.value(Metric::kZramMemUsed, "zram1"), 3);
}

TEST(SysfsSources, SayWhichFolderIsMissing) {
  const TestTree tree;
  for (const Factory open : {open_numa_nodes, open_hugepages, open_zram}) {
    const auto source = open(tree.root());
    ASSERT_FALSE(source);
    EXPECT_EQ(source.error().kind, Error::Kind::kNotFound);
  }
}

TEST(SysfsSources, ReadThisMachine) {
  const RootedDir root = RootedDir::open("/").value();
  for (const Factory open : {open_numa_nodes, open_hugepages, open_zram}) {
    auto source = open(root);
    if (!source) {
      EXPECT_EQ(source.error().kind, Error::Kind::kNotFound) << to_string(source.error());
      continue;
    }
    model::Registry registry;
    model::Sample sample;
    model::SampleSink sink(registry, sample);
    EXPECT_TRUE((*source)->sample(sink));
    for (const Coverage& entry : (*source)->coverage()) {
      EXPECT_TRUE(entry.state == Coverage::State::kOk || entry.state == Coverage::State::kAbsent) << entry.why;
    }
    for (const model::Reading& reading : sample.readings) {
      EXPECT_EQ(registry.info(reading.subject).key.kind, model::info(reading.metric).subject);
    }
  }
}

}  // namespace
}  // namespace leakscope::sources::sysfs
