#include "sources/procfs/machine_sources.h"

#include <algorithm>
#include <map>

#include "sources/procfs/file_source.h"
#include "sources/procfs/test_texts.h"

namespace leakscope::sources::procfs {
namespace {

using model::Coverage;
using model::Metric;

using Factory = Result<std::unique_ptr<Source>> (*)(const RootedDir&);

/// A sampler of one source.
class Sampled {
 public:
  Sampled(const TestTree& tree, Factory open) : source_(open(tree.root()).value()) {}

  Result<> sample() {
    sample_.clear();
    sample_.time.boot.since_boot += std::chrono::seconds(1);
    model::SampleSink sink(registry_, sample_);
    return source_->sample(sink);
  }
  [[nodiscard]] std::optional<std::int64_t> value(Metric metric, std::string_view subject = {}) const {
    for (const model::Reading& reading : sample_.readings) {
      if (reading.metric == metric && registry_.info(reading.subject).key.name == subject) return reading.value;
    }
    return std::nullopt;
  }
  [[nodiscard]] Coverage coverage() const { return source_->coverage().at(0); }
  [[nodiscard]] const model::Sample& last() const { return sample_; }
  [[nodiscard]] model::SubjectInfo info(model::SubjectId id) const { return registry_.info(id); }
  Source& operator*() { return *source_; }

 private:
  model::Registry registry_;
  model::Sample sample_;
  std::unique_ptr<Source> source_;
};

struct Row {
  const char* name;
  Factory open;
  const char* path;
  const char* text;  ///< of the test data
};
constexpr Row kSources[] = {
    {"meminfo", open_meminfo, "proc/meminfo", "meminfo/6.18-x86_64-vm.txt"},
    {"vmstat", open_vmstat, "proc/vmstat", "vmstat/6.18-x86_64-vm.txt"},
    {"zoneinfo", open_zoneinfo, "proc/zoneinfo", "zoneinfo/6.18-x86_64-vm.txt"},
    {"buddyinfo", open_buddyinfo, "proc/buddyinfo", "buddyinfo/6.18-x86_64-vm.txt"},
    {"stat", open_stat, "proc/stat", "stat/6.18-x86_64-vm.txt"},
    {"swaps", open_swaps, "proc/swaps", "swaps/escaped-names-format-made.txt"},
    {"pressure", open_pressure, "proc/pressure/memory", "pressure/6.18-x86_64-vm-memory.txt"},
    {"loadavg", open_loadavg, "proc/loadavg", "loadavg/6.18-x86_64-vm.txt"},
    {"net_dev", open_net_dev, "proc/net/dev", "net_dev/6.18-x86_64-vm.txt"},
    {"diskstats", open_diskstats, "proc/diskstats", "diskstats/6.18-x86_64-vm.txt"},
};

/// All files, so that the page size is known, too.
void fill(const TestTree& tree) {
  for (const Row& row : kSources) tree.write(row.path, testdata(row.text));
  tree.write("proc/pressure/io", testdata("pressure/6.18-x86_64-vm-io.txt"));
  tree.write("proc/pressure/cpu", testdata("pressure/6.18-x86_64-vm-cpu.txt"));
}

TEST(MachineSources, ReadTheirFileAndCoverIt) {
  const TestTree tree;
  fill(tree);
  for (const Row& row : kSources) {
    SCOPED_TRACE(row.name);
    Sampled sampled(tree, row.open);
    EXPECT_EQ((*sampled).info().name, row.name);
    EXPECT_FALSE((*sampled).info().may_block);
    ASSERT_TRUE(sampled.sample());
    EXPECT_FALSE(sampled.last().readings.empty());
    for (const Coverage& entry : (*sampled).coverage()) EXPECT_EQ(entry.state, Coverage::State::kOk) << entry.why;
    EXPECT_TRUE((*sampled).losses().empty());
    for (const model::Reading& reading : sampled.last().readings) {
      EXPECT_EQ(sampled.info(reading.subject).key.kind, model::info(reading.metric).subject);
    }
  }
}

TEST(MachineSources, SayWhichFileIsMissing) {
  const TestTree tree;
  for (const Row& row : kSources) {
    SCOPED_TRACE(row.name);
    const auto source = row.open(tree.root());
    ASSERT_FALSE(source);
    EXPECT_EQ(source.error().kind, Error::Kind::kNotFound);
    EXPECT_EQ(source.error().where, tree.root().display(row.path));
  }
  EXPECT_NE(open_pressure(tree.root()).error().hint.find("psi=1"), std::string::npos);
}

TEST(MachineSources, GoOnWhenTheirFileComesBack) {
  const TestTree tree;
  fill(tree);
  for (const Row& row : kSources) {
    if (std::string_view(row.name) == "pressure") continue;  // its other files go on: below
    SCOPED_TRACE(row.name);
    Sampled sampled(tree, row.open);
    ASSERT_TRUE(sampled.sample());
    const std::size_t readings = sampled.last().readings.size();

    tree.remove(row.path);
    EXPECT_FALSE(sampled.sample());
    EXPECT_TRUE(sampled.last().readings.empty());
    EXPECT_EQ(sampled.coverage().state, Coverage::State::kAbsent);

    tree.write(std::string(row.path) + "/a-folder-in-its-place", "");
    EXPECT_FALSE(sampled.sample());
    EXPECT_EQ(sampled.coverage().state, Coverage::State::kPartial);
    tree.remove(row.path);

    tree.write(row.path, "");
    const bool empty_is_an_answer = std::string_view(row.name) == "diskstats";
    EXPECT_EQ(sampled.sample().has_value(), empty_is_an_answer);

    tree.write(row.path, testdata(row.text));
    ASSERT_TRUE(sampled.sample());
    EXPECT_EQ(sampled.last().readings.size(), readings);
    EXPECT_EQ(sampled.coverage().state, Coverage::State::kOk);
    ASSERT_FALSE((*sampled).losses().empty());
    EXPECT_EQ((*sampled).losses()[0].count, empty_is_an_answer ? 2U : 3U);
    EXPECT_EQ((*sampled).losses()[0].of, 5U);
  }
}

TEST(MachineSources, AnswerInPartWhenAFileIsCutOrSick) {
  const TestTree tree;
  fill(tree);
  Sampled sampled(tree, open_meminfo);
  const std::string text = testdata("meminfo/6.18-x86_64-vm.txt");
  tree.write("proc/meminfo", text.substr(0, text.find("Slab:") + 12));
  ASSERT_TRUE(sampled.sample());
  EXPECT_TRUE(sampled.value(Metric::kMeminfoMemTotal));
  EXPECT_FALSE(sampled.value(Metric::kMeminfoSlab));
  EXPECT_EQ(sampled.coverage().state, Coverage::State::kPartial);
  EXPECT_TRUE(sampled.coverage().why.starts_with(tree.root().display("proc/meminfo") + ":")) << sampled.coverage().why;

  tree.write("proc/meminfo", "MemTotal: x kB\nMemFree: y kB\nSlab: 5 kB\n");
  ASSERT_TRUE(sampled.sample());
  EXPECT_EQ(sampled.value(Metric::kMeminfoSlab), 5120);
  EXPECT_NE(sampled.coverage().why.find("(and 1 more)"), std::string::npos);

  tree.write("proc/meminfo", text);
  ASSERT_TRUE(sampled.sample());
  EXPECT_EQ(sampled.coverage().state, Coverage::State::kOk);
  ASSERT_EQ((*sampled).losses().size(), 1U);
  EXPECT_EQ((*sampled).losses()[0].count, 3U);
}

TEST(MachineSources, KnowNoFileThatALinkPutsInItsPlace) {
  const TestTree tree;
  tree.write("elsewhere", "MemTotal: 1 kB\n");
  tree.symlink("proc/meminfo", (tree.path() / "elsewhere").string());
  EXPECT_FALSE(open_meminfo(tree.root()));
}

TEST(MachineSources, SayWhenThePageSizeIsAGuess) {
  const TestTree tree;
  tree.write("proc/buddyinfo", testdata("buddyinfo/two-nodes-format-made.txt"));
  Sampled sampled(tree, open_buddyinfo);
  ASSERT_TRUE(sampled.sample());
  EXPECT_EQ(sampled.value(Metric::kBuddyOrder0), 41023);
  EXPECT_EQ(sampled.value(Metric::kBuddyOrderHigher), std::nullopt);
  EXPECT_EQ(sampled.coverage().state, Coverage::State::kPartial);
  EXPECT_NE(sampled.coverage().why.find("page size"), std::string::npos);
}

TEST(MachineSources, ReadZonesOfTheMachineAndOneByOne) {
  const TestTree tree;
  fill(tree);
  tree.write("proc/zoneinfo", testdata("zoneinfo/6.12-two-nodes-format-made.txt"));
  Sampled sampled(tree, open_zoneinfo);
  ASSERT_TRUE(sampled.sample());
  EXPECT_EQ(sampled.value(Metric::kZoneinfoManaged), (3977 + 717964 + 1325376 + 2000000) * 4096LL);
  EXPECT_EQ(sampled.value(Metric::kZoneinfoPcp), 3367 * 4096);
  EXPECT_EQ(sampled.value(Metric::kZonePcp, "1/Normal"), 3000 * 4096);
  EXPECT_EQ(sampled.value(Metric::kZoneHighWatermark, "0/DMA32"), 4485 * 4096);
  EXPECT_EQ(sampled.value(Metric::kZoneManaged, "0/Movable"), std::nullopt);

  // The zones change their places: their names count.
  tree.write("proc/zoneinfo", testdata("zoneinfo/3.10-format-made.txt"));
  ASSERT_TRUE(sampled.sample());
  EXPECT_EQ(sampled.value(Metric::kZoneManaged, "0/Normal"), 3325376LL * 4096);
  EXPECT_EQ(sampled.value(Metric::kZoneManaged, "1/Normal"), std::nullopt);
}

TEST(MachineSources, RetireASwapDeviceThatWasSwitchedOff) {
  const TestTree tree;
  fill(tree);
  Sampled sampled(tree, open_swaps);
  ASSERT_TRUE(sampled.sample());
  EXPECT_EQ(sampled.value(Metric::kSwapUsed, "/var/swap file\\a"), 0);
  EXPECT_EQ(sampled.value(Metric::kSwapUsed, "/dev/sda2"), 1024 * 1024);

  tree.write("proc/swaps", "Filename Type Size Used Priority\n/dev/sda2 partition 8388604 7 -2\n/var/sw");
  ASSERT_TRUE(sampled.sample());
  EXPECT_TRUE(sampled.last().retired.empty());  // a cut text does not say what is gone

  tree.write("proc/swaps", "Filename Type Size Used Priority\n/dev/sda2 partition 8388604 7 -2\n");
  ASSERT_TRUE(sampled.sample());
  EXPECT_EQ(sampled.last().retired.size(), 2U);
  EXPECT_EQ(sampled.value(Metric::kSwapUsed, "/dev/sda2"), 7 * 1024);
  ASSERT_TRUE(sampled.sample());
  EXPECT_TRUE(sampled.last().retired.empty());
}

TEST(MachineSources, ReadWhatThereIsOfThePressure) {
  const TestTree tree;
  tree.write("proc/pressure/cpu", testdata("pressure/4.20-cpu-some-only-format-made.txt"));
  tree.write("proc/pressure/memory", testdata("pressure/5.15-memory-format-made.txt"));
  Sampled sampled(tree, open_pressure);
  ASSERT_TRUE(sampled.sample());
  EXPECT_EQ(sampled.value(Metric::kPsiMemoryFullTotal), 4000000001000);
  EXPECT_EQ(sampled.value(Metric::kPsiCpuSomeTotal), 123456789000);
  EXPECT_EQ(sampled.value(Metric::kPsiIoSomeTotal), std::nullopt);
  std::map<std::string, Coverage::State> states;
  for (const Coverage& entry : (*sampled).coverage()) states[entry.source] = entry.state;
  EXPECT_EQ(states, (std::map<std::string, Coverage::State>{{"pressure/io", Coverage::State::kAbsent},
                                                            {"pressure/cpu", Coverage::State::kOk},
                                                            {"pressure/memory", Coverage::State::kOk}}));
  tree.remove("proc/pressure/memory");
  ASSERT_TRUE(sampled.sample());
  EXPECT_EQ(sampled.last().readings.size(), 1U);
  tree.remove("proc/pressure/cpu");
  EXPECT_FALSE(sampled.sample());
}

TEST(MachineSources, HaveThePeriodsOfTheirTier) {
  const TestTree tree;
  fill(tree);
  for (const Row& row : kSources) {
    const Period period = row.open(tree.root()).value()->info().period;
    const bool slow = std::string_view(row.name) == "swaps";
    EXPECT_EQ(period.live, std::chrono::seconds(slow ? 5 : 1)) << row.name;
    EXPECT_EQ(period.recording, std::chrono::seconds(slow ? 15 : 5)) << row.name;
  }
}

TEST(MachineSources, AgreeWithEachOtherOnThisMachine) {
  const RootedDir root = RootedDir::open("/").value();
  model::Registry registry;
  model::Sample sample;
  model::SampleSink sink(registry, sample);
  for (const Row& row : kSources) {
    const auto source = row.open(root);
    if (!source) continue;  // PSI may be off; what must be there is asserted below
    EXPECT_TRUE((*source)->sample(sink)) << row.name;
    for (const Coverage& entry : (*source)->coverage()) {
      EXPECT_EQ(entry.state, Coverage::State::kOk) << entry.source << ": " << entry.why;
    }
  }
  const auto find = [&](Metric metric) {
    const auto found = std::ranges::find_if(sample.readings, [&](const model::Reading& reading) {
      return reading.subject == model::Registry::machine_id() && reading.metric == metric;
    });
    return found == sample.readings.end() ? std::optional<std::int64_t>() : found->value;
  };
  ASSERT_TRUE(find(Metric::kZoneinfoManaged) && find(Metric::kVmstatFreePages) && find(Metric::kMeminfoSUnreclaim));
  EXPECT_LE(*find(Metric::kZoneinfoManaged), *find(Metric::kZoneinfoPresent));
  EXPECT_LT(*find(Metric::kVmstatFreePages), *find(Metric::kZoneinfoManaged));
  EXPECT_LE(*find(Metric::kMeminfoSUnreclaim), *find(Metric::kMeminfoSlab));
  EXPECT_TRUE(find(Metric::kStatContextSwitches) && find(Metric::kLoadavg1) && find(Metric::kBuddyOrder0));
}

TEST(FileSource, KnowsFilesThatLxcfsFakes) {
  EXPECT_TRUE(faked_file_note(0x65735546));
  EXPECT_FALSE(faked_file_note(0x9fa0));  // proc
}

}  // namespace
}  // namespace leakscope::sources::procfs
