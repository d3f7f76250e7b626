#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "sources/page_holders/balloon.h"
#include "sources/page_holders/dma_buf.h"
#include "sources/page_holders/drm_clients.h"
#include "sources/page_holders/ftrace_buffers.h"
#include "sources/page_holders/keyed_number.h"
#include "sources/page_holders/zfs_arc.h"

namespace leakscope::sources::page_holders {
namespace {

std::string capture(const std::string& name) {
  std::ifstream in(std::string(LEAKSCOPE_TESTDATA) + "/" + name, std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Whatever the text is cut to: no crash, and never more than the whole says.
template <class Parse, class Amount>
void expect_no_growth_when_cut(const std::string& text, Parse parse, Amount amount) {
  const auto whole = parse(text);
  ASSERT_TRUE(whole);
  for (std::size_t length = 0; length < text.size(); ++length) {
    const auto part = parse(std::string_view(text).substr(0, length));
    if (part) {
      EXPECT_LE(amount(*part), amount(*whole)) << length;
    }
  }
}

TEST(ZfsKstat, ReadsArcstatsAndAbdstats) {
  const auto arc = parse_zfs_kstat(capture("zfs_kstat/openzfs-2.1-format-made-arcstats.txt"));
  ASSERT_TRUE(arc) << to_string(arc.error());
  EXPECT_EQ(arc->size, Bytes(17179869184));
  EXPECT_EQ(arc->metadata_size, Bytes(3221225472));
  EXPECT_EQ(arc->scatter_data_size, std::nullopt);
  EXPECT_EQ(parse_zfs_kstat(capture("zfs_kstat/openzfs-2.1-format-made-abdstats.txt"))->scatter_data_size,
            Bytes(12000000000));
  for (const std::string_view text : {"size 4 x\n", "size 4 -1\n", "size 4\n", "size 4 123"}) {
    EXPECT_FALSE(parse_zfs_kstat(text)) << text;
  }
}

TEST(Ftrace, ReadsEverySizeForm) {
  EXPECT_EQ(parse_buffer_size(capture("ring_size/6.18-x86_64-boot.txt"))->kib_per_cpu, 7);
  EXPECT_EQ(parse_buffer_size(capture("ring_size/6.18-x86_64-instance.txt"))->kib_per_cpu, 1410);
  EXPECT_EQ(parse_buffer_size(capture("ring_size/6.18-x86_64-cpus-differ.txt")), RingSize{});
  for (const std::string_view text : {"", "\n", "14", "-1\n", "x\n", "99999999999999999999\n"}) {
    EXPECT_FALSE(parse_buffer_size(text)) << text;
  }
}

TEST(Ftrace, ReadsTheLayoutOfAPage) {
  EXPECT_EQ(parse_header_page(capture("ring_size/6.18-x86_64-header_page.txt")), (RingPage{16, 4096}));
  EXPECT_FALSE(parse_header_page(""));
  EXPECT_FALSE(parse_header_page("\tfield: char data;\toffset:16;\tsize:x;\n"));
}

TEST(Ftrace, ReadsCpuLists) {
  EXPECT_EQ(parse_cpu_list("0-3,8,10-11\n"), (std::vector<int>{0, 1, 2, 3, 8, 10, 11}));
  EXPECT_EQ(parse_cpu_list("0\n"), std::vector<int>{0});
  for (const std::string_view text : {"x", "3-1", "0,0", "0-99999999", "-1", "0-", ",1"}) {
    EXPECT_FALSE(parse_cpu_list(text)) << text;
  }
}

TEST(Ftrace, ARingIsItsPagesAndTheReadersPage) {
  const RingPage page{16, 4096};
  EXPECT_EQ(ring_bytes(7, page), Bytes(3 * 4096));       // the least: two pages
  EXPECT_EQ(ring_bytes(1410, page), Bytes(355 * 4096));  // 354 pages of 4080 bytes are 1410.5 KiB
  EXPECT_EQ(ring_bytes(1000, page), Bytes(252 * 4096));
  EXPECT_EQ(ring_bytes(1000, RingPage{16, 65536}), Bytes(17 * 65536));
  EXPECT_EQ(ring_bytes(INT64_MAX, page), std::nullopt);
  EXPECT_EQ(ring_bytes(1, RingPage{16, 16}), std::nullopt);
}

TEST(Bufinfo, TellsOwnPagesFromThoseCountedElsewhere) {
  const std::string text = capture("bufinfo/6.1-format-made.txt");
  EXPECT_EQ(parse_bufinfo(text), (DmaBufTotals{Bytes(8192), Bytes(33554432 + 4194304), 3, 0}));
  EXPECT_EQ(parse_bufinfo(capture("bufinfo/6.12-format-made-empty.txt")), (DmaBufTotals{}));
  EXPECT_FALSE(parse_bufinfo(""));
  EXPECT_FALSE(parse_bufinfo("Total 3 objects\n"));
  const auto broken = parse_bufinfo("size flags mode count exp_name\n00008192\t2\n");
  ASSERT_TRUE(broken);
  EXPECT_EQ(broken->lines_left_out, 1U);
  expect_no_growth_when_cut(text, parse_bufinfo, [](const DmaBufTotals& t) { return t.own + t.elsewhere; });
}

TEST(DrmFdinfo, TakesTheBestFigureOfEachRegionOfSystemMemory) {
  const std::string amd = capture("drm_fdinfo/6.12-amdgpu-made.txt");
  const auto client = parse_drm_fdinfo(amd);
  ASSERT_TRUE(client) << to_string(client.error());
  EXPECT_EQ(*client, (DrmClient{"amdgpu", "0000:04:00.0", "12", Bytes((2048 + 16) * 1024), Bytes(512 * 1024)}));
  const std::string i915 = capture("drm_fdinfo/6.8-i915-made.txt");
  EXPECT_EQ(parse_drm_fdinfo(i915)->system_memory, Bytes::from_mib(64));
  const std::string xe = capture("drm_fdinfo/6.12-xe-made.txt");
  EXPECT_EQ(parse_drm_fdinfo(xe)->system_memory, Bytes::from_mib(5));
}

TEST(DrmFdinfo, RefusesOtherFilesAndBrokenOnes) {
  EXPECT_EQ(parse_drm_fdinfo("pos:\t0\nmemlock:\t4096\n").error().kind, Error::Kind::kNotFound);
  for (const std::string_view text :
       {"drm-driver:\tx\ndrm-total-gtt:\tx\n", "drm-driver:\tx\ndrm-total-gtt:\t-1\n",
        "drm-driver:\tx\ndrm-total-gtt:\t1 PiB\n", "drm-driver:\tx\ndrm-total-gtt:\t9223372036854775807 KiB\n",
        "drm-driver:\tx\ndrm-total-gtt:\t12"}) {
    EXPECT_FALSE(parse_drm_fdinfo(text)) << text;
  }
}

TEST(Vmmemctl, ReadsBothForms) {
  EXPECT_EQ(parse_vmmemctl(capture("vmmemctl/6.1-format-made.txt")), Bytes(12345 * 4096));
  EXPECT_EQ(parse_vmmemctl(capture("vmmemctl/4.4-format-made.txt")), Bytes(2048 * 4096));
  for (const std::string_view text : {"", "target: 1\n", "current: x\n", "current: -1\n", "current: 12"}) {
    EXPECT_FALSE(parse_vmmemctl(text)) << text;
  }
}

TEST(VirtioFeatures, BitTwoIsDeflateOnOom) {
  EXPECT_TRUE(deflates_on_oom("0110010100\n"));
  EXPECT_FALSE(deflates_on_oom("1101111111\n"));
  EXPECT_FALSE(deflates_on_oom("01"));
}

TEST(KeyedNumber, FindsWholeKeysOnly) {
  EXPECT_EQ(keyed_number("balloon_inflated 5\nballoon_inflate 7\n", "balloon_inflate"), 7);
  EXPECT_EQ(keyed_number("MemTotal: 1 kB\nBalloon:               16 kB\n", "Balloon:"), 16);
  EXPECT_EQ(keyed_number("Balloon: 16", "Balloon:"), std::nullopt);
  EXPECT_EQ(keyed_number("Balloon: x\n", "Balloon:"), std::nullopt);
}

}  // namespace
}  // namespace leakscope::sources::page_holders
