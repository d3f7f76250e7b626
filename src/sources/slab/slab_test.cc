#include "sources/slab/slab.h"

#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "base/text_cursor.h"
#include "sources/slab/sysfs_slab.h"
#include "sources/test_tree.h"

namespace leakscope::sources::slab {
namespace {

using model::Metric;
namespace fs = std::filesystem;

class SlabTree : public testing::Test {
 protected:
  void write(std::string_view file, std::string_view text) const { tree_.write(file, text); }
  void link(const std::string& name, const std::string& target) const {
    fs::create_directories(path_ / "sys/kernel/slab");
    fs::create_directory_symlink(target, path_ / "sys/kernel/slab" / name);
  }
  void slabinfo(std::string_view rows) const {
    write("proc/slabinfo", std::string("slabinfo - version: 2.1\n# name ...\n") + std::string(rows));
  }
  RootedDir root() const { return tree_.root(); }

  std::optional<std::int64_t> reading(std::string_view cache, Metric metric) const {
    const auto id = registry_.find({.kind = model::SubjectKind::kSlabCache, .name = std::string(cache)});
    if (!id) return std::nullopt;
    return reading(*id, metric);
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
  void take(Source& source) {
    sample_.clear();
    model::SampleSink sink(registry_, sample_);
    const auto result = source.sample(sink);
    ASSERT_TRUE(result) << to_string(result.error());
  }

  TestTree tree_;
  const fs::path& path_ = tree_.path();
  model::Registry registry_;
  model::Sample sample_;
};

constexpr std::string_view kRows =
    "dentry             42903  42903    192   21    1 : tunables    0    0    0 : slabdata   2043   2043      0\n"
    "kmalloc-192            7     21    192   21    1 : tunables    0    0    0 : slabdata      1      1      0\n";

TEST_F(SlabTree, PutsLevelsTotalsReclaimabilityAndAliases) {
  slabinfo(kRows);
  write("sys/kernel/slab/dentry/reclaim_account", "1\n");
  write("sys/kernel/slab/:0000192/reclaim_account", "0\n");
  link("kmalloc-192", ":0000192");
  link("rtable", ":0000192");
  link("aio_kiocb", ":0000192");
  auto source = open_slab(root(), PageSize{4096});
  ASSERT_TRUE(source) << to_string(source.error());
  take(**source);
  EXPECT_EQ(reading("dentry", Metric::kSlabActiveObjects), 42903);
  EXPECT_EQ(reading("dentry", Metric::kSlabBytes), 2043 * 4096);
  EXPECT_EQ(reading("dentry", Metric::kSlabObjectSize), 192);
  EXPECT_EQ(reading("dentry", Metric::kSlabReclaimable), 1);
  EXPECT_EQ(reading("kmalloc-192", Metric::kSlabTotalObjects), 21);
  EXPECT_EQ(reading("kmalloc-192", Metric::kSlabReclaimable), 0);
  EXPECT_EQ(reading(model::Registry::machine_id(), Metric::kSlabTotalBytes), 2044 * 4096);
  const auto id = registry_.find({.kind = model::SubjectKind::kSlabCache, .name = "kmalloc-192"});
  EXPECT_EQ(registry_.info(*id).detail, "also: aio_kiocb, rtable");
  ASSERT_EQ((*source)->coverage().size(), 1U);
  EXPECT_EQ((*source)->coverage()[0].state, model::Coverage::State::kOk);
}

TEST_F(SlabTree, WithoutSysfsReclaimabilityIsUnknownAndSaysSo) {
  slabinfo(kRows);
  auto source = open_slab(root(), PageSize{4096});
  ASSERT_TRUE(source);
  take(**source);
  EXPECT_EQ(reading("dentry", Metric::kSlabActiveObjects), 42903);
  EXPECT_EQ(reading("dentry", Metric::kSlabReclaimable), std::nullopt);
  const auto coverage = (*source)->coverage();
  ASSERT_EQ(coverage.size(), 3U);
  EXPECT_EQ(coverage[1].source, "slab.aliases");
  EXPECT_EQ(coverage[1].state, model::Coverage::State::kAbsent);
  EXPECT_EQ(coverage[2].source, "slab.reclaim_account");
}

TEST_F(SlabTree, ADestroyedCacheIsRetiredAndANewOneOfItsNameIsAnotherSubject) {
  slabinfo(kRows);
  auto source = open_slab(root(), PageSize{4096});
  ASSERT_TRUE(source);
  take(**source);
  const auto first = registry_.find({.kind = model::SubjectKind::kSlabCache, .name = "kmalloc-192"});
  slabinfo(kRows.substr(0, kRows.find('\n') + 1));
  take(**source);
  ASSERT_EQ(sample_.retired.size(), 1U);
  EXPECT_EQ(sample_.retired[0], *first);
  slabinfo(kRows);
  take(**source);
  const auto second = registry_.find({.kind = model::SubjectKind::kSlabCache, .name = "kmalloc-192"});
  ASSERT_TRUE(second);
  EXPECT_NE(*second, *first);
  EXPECT_EQ(reading(*second, Metric::kSlabActiveObjects), 7);
}

TEST_F(SlabTree, ADamagedFileRetiresNothingAndGivesNoTotal) {
  slabinfo(kRows);
  auto source = open_slab(root(), PageSize{4096});
  ASSERT_TRUE(source);
  take(**source);
  slabinfo(kRows.substr(0, kRows.size() - 20));
  take(**source);
  EXPECT_TRUE(sample_.retired.empty());
  EXPECT_EQ(reading("dentry", Metric::kSlabActiveObjects), 42903);
  EXPECT_EQ(reading("kmalloc-192", Metric::kSlabActiveObjects), std::nullopt);
  EXPECT_EQ(reading(model::Registry::machine_id(), Metric::kSlabTotalBytes), std::nullopt);
  EXPECT_EQ((*source)->coverage()[0].state, model::Coverage::State::kPartial);
  ASSERT_EQ((*source)->losses().size(), 1U);
  EXPECT_EQ((*source)->losses()[0].count, 1U);
}

TEST_F(SlabTree, RowsOfOneNameAreAddedUp) {
  slabinfo(std::string(kRows) + std::string(kRows));
  auto source = open_slab(root(), PageSize{4096});
  ASSERT_TRUE(source);
  take(**source);
  EXPECT_EQ(reading("kmalloc-192", Metric::kSlabActiveObjects), 14);
  EXPECT_EQ(reading("kmalloc-192", Metric::kSlabBytes), 2 * 4096);
  EXPECT_EQ(reading("kmalloc-192", Metric::kSlabObjectSize), 192);
}

TEST_F(SlabTree, FallsBackToSysfsAndCountsAMergedCacheOnce) {
  for (const auto& [file, text] : {std::pair{"objects", "30 N0=30\n"},
                                   {"total_objects", "42 N0=42\n"},
                                   {"slab_size", "192\n"},
                                   {"slabs", "2 N0=2\n"},
                                   {"order", "1\n"}}) {
    write(std::string("sys/kernel/slab/:0000192/") + file, text);
    write(std::string("sys/kernel/slab/inode_cache/") + file, text);
  }
  link("rtable", ":0000192");
  link("aio_kiocb", ":0000192");
  auto source = open_slab(root(), PageSize{4096});
  ASSERT_TRUE(source) << to_string(source.error());
  take(**source);
  EXPECT_EQ(reading("aio_kiocb", Metric::kSlabActiveObjects), 30);
  EXPECT_EQ(reading("aio_kiocb", Metric::kSlabBytes), 2 * 2 * 4096);
  EXPECT_EQ(reading("rtable", Metric::kSlabActiveObjects), std::nullopt);
  EXPECT_EQ(reading("inode_cache", Metric::kSlabTotalObjects), 42);
  EXPECT_EQ(reading(model::Registry::machine_id(), Metric::kSlabTotalBytes), 4 * 2 * 4096);
  EXPECT_EQ((*source)->coverage()[0].state, model::Coverage::State::kPartial);
}

TEST_F(SlabTree, WithoutAnySlabFileThereIsNoSource) {
  const auto source = open_slab(root(), PageSize{4096});
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().kind, Error::Kind::kNotFound);
}

TEST_F(SlabTree, ReadsTheDetailsOfACacheByAnyOfItsNames) {
  for (const auto& [file, text] : {std::pair{"objects", "3439 N0=3000 N1=439\n"},
                                   {"cpu_slabs", "13 N0=13\n"},
                                   {"object_size", "96\n"},
                                   {"slab_size", "128\n"},
                                   {"slabs", "82\n"},
                                   {"order", "0\n"},
                                   {"ctor", "init_once+0x0/0x10\n"},
                                   {"aliases", "1\n"},
                                   {"reclaim_account", "1\n"}}) {
    write(std::string("sys/kernel/slab/:a-0000128/") + file, text);
  }
  link("sock!inode", ":a-0000128");
  link("other", ":a-0000128");
  const auto details = read_cache_details(root(), "sock/inode");
  ASSERT_TRUE(details) << to_string(details.error());
  EXPECT_EQ(details->directory, ":a-0000128");
  EXPECT_EQ(details->also, std::vector<std::string>{"other"});
  EXPECT_EQ(details->objects, 3439);
  EXPECT_EQ(details->cpu_slabs, 13);
  EXPECT_EQ(details->total_objects, std::nullopt);
  EXPECT_EQ(details->object_size, Bytes(96));
  EXPECT_EQ(details->slab_size, Bytes(128));
  EXPECT_EQ(details->constructor, "init_once+0x0/0x10");
  EXPECT_EQ(details->aliases, 1);
  EXPECT_EQ(details->reclaim_account, true);
  EXPECT_EQ(details->bytes(PageSize{4096}), Bytes(82 * 4096));
  EXPECT_EQ(read_cache_details(root(), "..").error().kind, Error::Kind::kNotFound);
  EXPECT_EQ(read_cache_details(root(), "none").error().kind, Error::Kind::kNotFound);
}

TEST(SlabLive, TotalIsWhatMeminfoSaysWithoutLargeKmalloc) {
  if (geteuid() != 0) GTEST_SKIP() << "/proc/slabinfo needs root";
  const auto root = RootedDir::open("/");
  auto source = open_slab(*root, page_size_of_this_machine());
  ASSERT_TRUE(source) << to_string(source.error());
  model::Registry registry;
  model::Sample sample;
  model::SampleSink sink(registry, sample);
  ASSERT_TRUE((*source)->sample(sink));
  std::int64_t total = 0;
  std::int64_t known = 0;
  for (const model::Reading& r : sample.readings) {
    if (r.metric == Metric::kSlabTotalBytes) total = r.value;
    known += r.metric == Metric::kSlabReclaimable ? 1 : 0;
  }
  FileBuffer buffer;
  LineCursor lines(*root->read("proc/meminfo", buffer));
  std::int64_t slab = 0;
  while (const auto line = lines.next()) {
    if (line->starts_with("Slab:")) slab = *FieldCursor(line->substr(5)).next_number<std::int64_t>() * 1024;
  }
  EXPECT_GT(total, slab / 2);
  EXPECT_LT(total, slab + slab / 4);
  EXPECT_GT(known, 10);
}

}  // namespace
}  // namespace leakscope::sources::slab
