#include "sources/vmalloc/vmalloc.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "base/text_cursor.h"
#include "sources/test_tree.h"

namespace leakscope::sources::vmalloc {
namespace {

using model::Metric;
namespace fs = std::filesystem;

class VmallocTree : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(path_ / "proc"); }

  void write(std::string_view text) const { std::ofstream(path_ / "proc/vmallocinfo", std::ios::binary) << text; }
  void take(Source& source) {
    sample_.clear();
    model::SampleSink sink(registry_, sample_);
    const auto result = source.sample(sink);
    ASSERT_TRUE(result) << to_string(result.error());
  }
  std::optional<std::int64_t> reading(std::string_view caller, Metric metric) const {
    const auto id = caller.empty()
                        ? std::optional(model::Registry::machine_id())
                        : registry_.find({.kind = model::SubjectKind::kVmallocCaller, .name = std::string(caller)});
    std::optional<std::int64_t> value;
    for (const model::Reading& r : sample_.readings) {
      if (!id || r.subject != *id || r.metric != metric) continue;
      EXPECT_FALSE(value) << "two readings of one metric";
      value = r.value;
    }
    return value;
  }

  TestTree tree_;
  const fs::path& path_ = tree_.path();
  model::Registry registry_;
  model::Sample sample_;
};

TEST_F(VmallocTree, PutsCallersAndTotalsAndZeroWhenTheLastAreaIsGone) {
  write(
      "0x0-0x0 20480 kernel_clone+0x94/0x3e0 pages=4 vmalloc N0=4\n"
      "0x0-0x0 12288 alloc+0x1/0x9 [leaky] pages=2 vmalloc N0=2\n"
      "0x0-0x0 8192 alloc+0x1/0x9 [leaky] phys=0xfed00000 ioremap\n"
      "0x0-0x0 4096 unpurged vm_area\n");
  auto source = open_vmalloc(tree_.root(), PageSize{4096});
  ASSERT_TRUE(source) << to_string(source.error());
  take(**source);
  EXPECT_EQ(reading("alloc [leaky]", Metric::kVmallocBytes), 2 * 4096 + 8192);
  EXPECT_EQ(reading("alloc [leaky]", Metric::kVmallocUnbacked), 8192);
  EXPECT_EQ(reading("alloc [leaky]", Metric::kVmallocAreas), 2);
  EXPECT_EQ(reading("", Metric::kVmallocTotalPages), 6 * 4096);
  EXPECT_EQ(reading("", Metric::kVmallocStackPages), 4 * 4096);
  EXPECT_EQ(reading("", Metric::kVmallocUnpurged), 4096);

  write("0x0-0x0 20480 kernel_clone+0x94/0x3e0 pages=4 vmalloc N0=4\n");
  take(**source);
  EXPECT_EQ(reading("alloc [leaky]", Metric::kVmallocBytes), 0);
  EXPECT_EQ(reading("alloc [leaky]", Metric::kVmallocAreas), 0);
  EXPECT_TRUE(sample_.retired.empty());
}

TEST_F(VmallocTree, ADamagedFileGivesNoTotalsAndNoZeros) {
  write("0x0-0x0 20480 a+0x1/0x2 pages=4 vmalloc N0=4\n0x0-0x0 20480 b+0x1/0x2 pages=4 vmalloc N0=4\n");
  auto source = open_vmalloc(tree_.root(), PageSize{4096});
  ASSERT_TRUE(source);
  take(**source);
  write("0x0-0x0 20480 a+0x1/0x2 pages=4 vmalloc N0=4\n0x0-0x0 20480 b+0x1/");
  take(**source);
  EXPECT_EQ(reading("a", Metric::kVmallocBytes), 4 * 4096);
  EXPECT_EQ(reading("b", Metric::kVmallocBytes), std::nullopt);
  EXPECT_EQ(reading("", Metric::kVmallocTotalPages), std::nullopt);
  EXPECT_EQ((*source)->coverage()[0].state, model::Coverage::State::kPartial);
  EXPECT_EQ((*source)->losses()[0].count, 1U);
}

TEST_F(VmallocTree, WithoutTheFileThereIsNoSource) {
  fs::remove(path_ / "proc/vmallocinfo");
  EXPECT_EQ(open_vmalloc(tree_.root(), PageSize{4096}).error().kind, Error::Kind::kNotFound);
}

TEST(VmallocLive, AgreesWithMeminfo) {
  if (geteuid() != 0) GTEST_SKIP() << "/proc/vmallocinfo needs root";
  const auto root = RootedDir::open("/");
  auto source = open_vmalloc(*root, page_size_of_this_machine());
  ASSERT_TRUE(source) << to_string(source.error());
  model::Registry registry;
  model::Sample sample;
  model::SampleSink sink(registry, sample);
  ASSERT_TRUE((*source)->sample(sink));
  std::int64_t used = 0;
  std::int64_t stacks = 0;
  FileBuffer buffer;
  LineCursor lines(*root->read("proc/meminfo", buffer));
  while (const auto line = lines.next()) {
    if (line->starts_with("VmallocUsed:")) used = *FieldCursor(line->substr(12)).next_number<std::int64_t>() * 1024;
    if (line->starts_with("KernelStack:")) stacks = *FieldCursor(line->substr(12)).next_number<std::int64_t>() * 1024;
  }
  if (used == 0) GTEST_SKIP() << "this kernel does not fill VmallocUsed";
  // Processes start and end between the two reads: some hundred stacks of tolerance.
  constexpr std::int64_t kTolerance = 8 << 20;
  for (const model::Reading& r : sample.readings) {
    if (r.metric == Metric::kVmallocTotalPages) {
      EXPECT_NEAR(double(r.value), double(used), double(kTolerance));
    }
    if (r.metric == Metric::kVmallocStackPages) {
      EXPECT_NEAR(double(r.value), double(stacks), double(kTolerance));
    }
  }
}

}  // namespace
}  // namespace leakscope::sources::vmalloc
