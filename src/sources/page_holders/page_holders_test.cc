#include "sources/page_holders/page_holders.h"

#include <filesystem>
#include <iterator>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "sources/page_holders/bio_integrity.h"
#include "sources/test_tree.h"

namespace leakscope::sources::page_holders {
namespace {

using model::Coverage;
using model::Metric;
namespace fs = std::filesystem;

class HolderTree : public testing::Test {
 protected:
  void write(std::string_view file, std::string_view text) const { tree_.write(file, text); }
  void copy(const std::string& file, const std::string& from) const {
    fs::create_directories((path_ / file).parent_path());
    fs::copy_file(fs::path(LEAKSCOPE_TESTDATA) / from, path_ / file, fs::copy_options::overwrite_existing);
  }
  void take(Source& source) {
    sample_.clear();
    model::SampleSink sink(registry_, sample_);
    const auto result = source.sample(sink);
    ASSERT_TRUE(result) << to_string(result.error());
  }
  // Of open_page_holders, kept from call to call.
  void take() {
    if (!source_) {
      auto source = open_page_holders(tree_.root(), PageSize{4096});
      ASSERT_TRUE(source) << to_string(source.error());
      source_ = std::move(*source);
    }
    take(*source_);
  }
  std::optional<std::int64_t> reading(const std::string& holder, Metric metric) const {
    const auto id = registry_.find({.kind = model::SubjectKind::kHolder, .name = holder});
    std::optional<std::int64_t> value;
    for (const model::Reading& r : sample_.readings) {
      if (!id || r.subject != *id || r.metric != metric) continue;
      EXPECT_FALSE(value) << "two readings of one metric";
      value = r.value;
    }
    return value;
  }
  std::optional<std::int64_t> bytes(const std::string& holder) const { return reading(holder, Metric::kHolderBytes); }
  std::optional<std::int64_t> counted(const std::string& holder) const {
    return reading(holder, Metric::kHolderCounted);
  }
  static Coverage coverage_of(const Source& source, std::string_view name) {
    for (const Coverage& entry : source.coverage()) {
      if (entry.source == name) return entry;
    }
    ADD_FAILURE() << "no coverage of " << name;
    return {};
  }

  TestTree tree_;
  const fs::path& path_ = tree_.path();
  std::unique_ptr<Source> source_;
  model::Registry registry_;
  model::Sample sample_;
};

TEST_F(HolderTree, AnEmptyMachineHasNoHoldersAndSaysWhichAreAbsent) {
  take();
  EXPECT_TRUE(sample_.readings.empty());
  for (const Coverage& entry : source_->coverage()) {
    EXPECT_EQ(entry.state, Coverage::State::kAbsent) << entry.source;
    EXPECT_FALSE(entry.why.empty()) << entry.source;
  }
}

TEST_F(HolderTree, TheArcIsSplitIntoPagesAndSlab) {
  copy("proc/spl/kstat/zfs/arcstats", "zfs_kstat/openzfs-2.1-format-made-arcstats.txt");
  take();
  EXPECT_EQ(bytes("zfs-arc"), 12884901888 + 3221225472);
  EXPECT_EQ(counted("zfs-arc"), 0);
  EXPECT_EQ(bytes("zfs-arc-slab"), 17179869184 - 12884901888 - 3221225472);
  EXPECT_EQ(counted("zfs-arc-slab"), 1);
  copy("proc/spl/kstat/zfs/abdstats", "zfs_kstat/openzfs-2.1-format-made-abdstats.txt");
  take();
  EXPECT_EQ(bytes("zfs-arc"), 12000000000 + 4096);
  fs::remove_all(path_ / "proc/spl");
  take();
  EXPECT_EQ(sample_.retired.size(), 2U);
  EXPECT_EQ(coverage_of(*source_, "zfs-arc").state, Coverage::State::kAbsent);
}

TEST_F(HolderTree, RingsOfAllInstancesAndCpusAreSummed) {
  const std::string base = "sys/kernel/tracing/";
  copy(base + "events/header_page", "ring_size/6.18-x86_64-header_page.txt");
  copy(base + "buffer_size_kb", "ring_size/6.18-x86_64-boot.txt");
  write("sys/devices/system/cpu/online", "0-1\n");
  take();
  EXPECT_EQ(bytes("ftrace-buffers"), 2 * 3 * 4096);
  EXPECT_EQ(counted("ftrace-buffers"), 0);

  write(base + "instances/even/buffer_size_kb", "1000\n");
  write(base + "instances/odd/buffer_size_kb", "X\n");
  write(base + "instances/odd/per_cpu/cpu0/buffer_size_kb", "1000\n");
  write(base + "instances/odd/per_cpu/cpu1/buffer_size_kb", "7\n");
  write(base + "instances/large_pages/buffer_size_kb", "1000\n");
  write(base + "instances/large_pages/buffer_subbuf_size_kb", "64\n");
  take();
  EXPECT_EQ(bytes("ftrace-buffers"), 2 * 3 * 4096 + 2 * 252 * 4096 + (252 + 3) * 4096 + 2 * 17 * 65536);
  const auto id = registry_.find({.kind = model::SubjectKind::kHolder, .name = "ftrace-buffers"});
  EXPECT_NE(registry_.info(*id).detail.find("3 instances"), std::string::npos);
  EXPECT_EQ(coverage_of(*source_, "ftrace-buffers").state, Coverage::State::kOk);

  write(base + "instances/even/buffer_size_kb", "nonsense\n");
  take();
  EXPECT_EQ(coverage_of(*source_, "ftrace-buffers").state, Coverage::State::kPartial);
}

TEST_F(HolderTree, TracefsThatIsNotMountedComesWithARemedy) {
  fs::create_directories(path_ / "sys/kernel/tracing");
  take();
  const Coverage coverage = coverage_of(*source_, "ftrace-buffers");
  EXPECT_EQ(coverage.state, Coverage::State::kAbsent);
  EXPECT_EQ(coverage.remedy, "mount -t tracefs nodev /sys/kernel/tracing");
}

TEST_F(HolderTree, BalloonsAreCountedWhereTheLedgerShowsThem) {
  write("proc/vmstat", "balloon_inflate 1000\nballoon_deflate 200\n");
  take();
  EXPECT_EQ(bytes("balloon"), 800 * 4096);
  EXPECT_EQ(counted("balloon"), 1) << "drivers that shrink MemTotal";
  write("sys/bus/virtio/drivers/virtio_balloon/virtio0/features", "0010000000\n");
  take();
  EXPECT_EQ(counted("balloon"), 0) << "deflate on OOM leaves MemTotal alone";
  write("sys/bus/virtio/drivers/virtio_balloon/virtio0/features", "0000000000\n");
  take();
  EXPECT_EQ(counted("balloon"), 1);
  fs::remove_all(path_ / "sys/bus");
  fs::create_directories(path_ / "sys/module/vmw_balloon");
  take();
  EXPECT_EQ(counted("balloon"), 0);
  write("proc/meminfo", "MemTotal: 1 kB\nBalloon:               16 kB\n");
  take();
  EXPECT_EQ(bytes("balloon"), 16 * 1024);
  EXPECT_EQ(counted("balloon"), 1);
}

TEST_F(HolderTree, GpuMemoryOfAllCardsAndOfClientsBesideIt) {
  write("sys/class/drm/card0/device/mem_info_gtt_used", "1048576\n");
  write("sys/class/drm/card1/device/mem_info_gtt_used", "4096\n");
  write("sys/class/drm/card0-DP-1/device/mem_info_gtt_used", "999\n");
  fs::create_directories(path_ / "dev/dri");
  copy("proc/10/fdinfo/5", "drm_fdinfo/6.12-amdgpu-made.txt");
  copy("proc/10/fdinfo/6", "drm_fdinfo/6.12-xe-made.txt");
  copy("proc/10/fdinfo/7", "drm_fdinfo/6.12-xe-made.txt");  // the same client once more
  copy("proc/11/fdinfo/3", "drm_fdinfo/6.8-i915-made.txt");
  for (const auto& [file, target] : {std::pair{"proc/10/fd/5", "/dev/dri/renderD128"},
                                     {"proc/10/fd/6", "/dev/dri/card1"},
                                     {"proc/10/fd/7", "/dev/dri/card1"},
                                     {"proc/11/fd/3", "/dev/dri/card0"},
                                     {"proc/11/fd/4", "/etc/passwd"}}) {
    fs::create_directories((path_ / file).parent_path());
    fs::create_symlink(target, path_ / file);
  }
  take();
  EXPECT_EQ(bytes("gpu-gtt"), 1048576 + 4096);
  EXPECT_EQ(counted("gpu-gtt"), 0);
  EXPECT_EQ(bytes("drm-clients"), 5 << 20) << "amdgpu stands in gpu-gtt";
  EXPECT_EQ(counted("drm-clients"), 0);
  EXPECT_EQ(bytes("drm-clients-shmem"), 64 << 20);
  EXPECT_EQ(counted("drm-clients-shmem"), 1);
  fs::remove_all(path_ / "sys/class/drm");
  write("proc/vmstat", "nr_gpu_active 0\n");
  take();
  EXPECT_EQ(bytes("drm-clients"), (5 << 20) + (2048 + 16 - 256) * 1024) << "half of what is shared";
  EXPECT_EQ(counted("drm-clients"), 1) << "newer kernels count these pages";
}

TEST_F(HolderTree, TheReserveOfTheBlockLayerIsKnownByAFunctionOfTheKernel) {
  using namespace std::string_literals;
  write("sys/kernel/btf/vmlinux", "\x9f\xeb\1\0bio_integrity_alloc\0bio_integrity_alloc_buffer\0"s);
  take();
  EXPECT_EQ(bytes("bio-integrity"), std::nullopt);
  EXPECT_EQ(coverage_of(*source_, "bio-integrity").state, Coverage::State::kAbsent);
  source_.reset();
  write("sys/kernel/btf/vmlinux", "\x9f\xeb\1\0bio_free\0bio_integrity_alloc_buf\0bio_uninit\0"s);
  take();
  EXPECT_EQ(bytes("bio-integrity"), 4 << 20);
  EXPECT_EQ(counted("bio-integrity"), 0);
}

TEST(NameSearch, FindsANameWhereverThePiecesAreCut) {
  using namespace std::string_literals;
  const std::string text = "\0one\0two\0twofold\0"s;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    NameSearch two("two");
    const bool early = two.feed(std::string_view(text).substr(0, cut));
    EXPECT_TRUE(early || two.feed(std::string_view(text).substr(cut))) << cut;
    NameSearch fold("fold");
    EXPECT_FALSE(fold.feed(std::string_view(text).substr(0, cut)) || fold.feed(std::string_view(text).substr(cut)))
        << cut;
  }
}

TEST_F(HolderTree, PageExtIsNamedButNeverMeasured) {
  write("proc/cmdline", "quiet page_owner=on\n");
  take();
  const Coverage coverage = coverage_of(*source_, "page-ext");
  EXPECT_EQ(coverage.state, Coverage::State::kAbsent);
  EXPECT_NE(coverage.why.find("page_owner=on"), std::string::npos);
}

TEST_F(HolderTree, DebugfsHolders) {
  auto source = open_debugfs_holders(tree_.root());
  ASSERT_TRUE(source);
  fs::create_directories(path_ / "sys/kernel/debug");
  take(**source);
  EXPECT_EQ(coverage_of(**source, "dma-buf").remedy, "mount -t debugfs nodev /sys/kernel/debug");

  copy("sys/kernel/debug/dma_buf/bufinfo", "bufinfo/6.1-format-made.txt");
  copy("sys/kernel/debug/vmmemctl", "vmmemctl/6.1-format-made.txt");
  take(**source);
  EXPECT_EQ(bytes("dma-buf"), 8192);
  EXPECT_EQ(counted("dma-buf"), 0);
  EXPECT_EQ(bytes("dma-buf-counted"), 33554432 + 4194304);
  EXPECT_EQ(counted("dma-buf-counted"), 1);
  EXPECT_EQ(bytes("vmware-balloon"), 12345 * 4096);
  EXPECT_EQ(counted("vmware-balloon"), 0);

  write("sys/kernel/dmabuf/buffers/77/size", "65536\n");
  write("sys/kernel/dmabuf/buffers/77/exporter_name", "system\n");
  write("sys/kernel/dmabuf/buffers/78/size", "4096\n");
  write("sys/kernel/dmabuf/buffers/78/exporter_name", "i915\n");
  write("proc/vmstat", "balloon_inflate 5\nballoon_deflate 0\n");
  take(**source);
  EXPECT_EQ(bytes("dma-buf"), 65536);
  EXPECT_EQ(bytes("dma-buf-counted"), 4096);
  EXPECT_EQ(counted("vmware-balloon"), 1) << "vmstat has it, and so has the row balloon";
}

}  // namespace
}  // namespace leakscope::sources::page_holders
