#include "sources/procfs/zoneinfo.h"

#include "sources/procfs/test_texts.h"

namespace leakscope::sources::procfs {
namespace {

Zoneinfo parsed(std::string_view text) {
  Zoneinfo zoneinfo;
  EXPECT_TRUE(parse_zoneinfo(text, zoneinfo));
  return zoneinfo;
}

TEST(Zoneinfo, ReadsARealMachine) {
  const std::string text = testdata("zoneinfo/6.18-x86_64-vm.txt");
  const Zoneinfo zoneinfo = parsed(text);
  EXPECT_TRUE(zoneinfo.faults.empty());
  EXPECT_TRUE(zoneinfo.whole);
  ASSERT_EQ(zoneinfo.zones.size(), 5U);
  const Zone& normal = zoneinfo.zones[2];
  EXPECT_EQ(normal.name, "Normal");
  EXPECT_EQ(normal.node, 0);
  EXPECT_EQ(normal.spanned, Pages{5505024});
  EXPECT_EQ(normal.present, Pages{5505024});
  EXPECT_LT(normal.managed, normal.present);  // memory that the hypervisor has not plugged
  EXPECT_TRUE(normal.ended);
  EXPECT_EQ(zoneinfo.zones[4].managed, Pages{0});
  EXPECT_EQ(zoneinfo.zones[4].on_cpu_lists, Pages{0});
  EXPECT_EQ(zoneinfo.sum(&Zone::present), Pages{3998 + 782336 + 5505024});
}

// Captured in guests (`./dev lab boot`): the zones' managed pages are MemTotal to the page.
TEST(Zoneinfo, ManagesOnEachRealKernelWhatMeminfoCallsTheTotal) {
  struct Capture {
    const char* kernel;
    std::int64_t total_kib, on_cpu_lists;
  };
  for (const Capture& capture :
       {Capture{"5.10", 969004, 374}, {"6.1", 963044, 1295}, {"6.12", 969860, 1099}, {"7.3", 962012, 2204}}) {
    SCOPED_TRACE(capture.kernel);
    const Zoneinfo zoneinfo = parsed(testdata(std::string("zoneinfo/") + capture.kernel + "-x86_64-guest.txt"));
    EXPECT_TRUE(zoneinfo.faults.empty());
    EXPECT_TRUE(zoneinfo.whole);
    EXPECT_EQ(zoneinfo.zones.size(), 5U);
    EXPECT_EQ(zoneinfo.sum(&Zone::managed), Pages{capture.total_kib / 4});
    EXPECT_EQ(zoneinfo.sum(&Zone::on_cpu_lists), Pages{capture.on_cpu_lists});
  }
}

struct Kernel {
  const char* file;
  std::size_t zones;
  std::int64_t managed, on_cpu_lists;
};

TEST(Zoneinfo, ReadsTheFormatOfEachKernel) {
  const std::int64_t two_nodes = 3977 + 717964 + 1325376 + 2000000;
  const Kernel kernels[] = {
      {"3.10-format-made.txt", 3, 3977 + 717964 + 3325376, 120 + 60 + 180 + 7},
      {"4.18-two-nodes-format-made.txt", 7, two_nodes, 367 + 3000},
      {"5.10-two-nodes-format-made.txt", 7, two_nodes, 367 + 3000},
      {"6.1-two-nodes-format-made.txt", 7, two_nodes, 367 + 3000},
      {"6.12-two-nodes-format-made.txt", 7, two_nodes, 367 + 3000},
      {"7.x-two-nodes-format-made.txt", 7, two_nodes, 367 + 3000},
  };
  for (const Kernel& kernel : kernels) {
    SCOPED_TRACE(kernel.file);
    const std::string text = testdata(std::string("zoneinfo/") + kernel.file);
    const Zoneinfo zoneinfo = parsed(text);
    EXPECT_TRUE(zoneinfo.faults.empty());
    ASSERT_EQ(zoneinfo.zones.size(), kernel.zones);
    EXPECT_EQ(zoneinfo.sum(&Zone::managed), Pages{kernel.managed});
    EXPECT_EQ(zoneinfo.sum(&Zone::on_cpu_lists), Pages{kernel.on_cpu_lists});
    EXPECT_EQ(zoneinfo.zones[1].min, Pages{2990});
    EXPECT_EQ(zoneinfo.zones[1].low, Pages{3737});
    EXPECT_EQ(zoneinfo.zones[1].high, Pages{4485});  // and not the "high:" of a per-CPU list
    EXPECT_EQ(zoneinfo.zones[1].free, Pages{280000});
    EXPECT_EQ(zoneinfo.zones[1].on_cpu_lists, Pages{180});
    EXPECT_EQ(zoneinfo.zones.back().node, kernel.zones == 7 ? 1 : 0);
  }
}

constexpr std::string_view kOneZone =
    "Node 0, zone   Normal\n  pages free     1\n        managed  9\n        present  9\n"
    "  pagesets\n    cpu: 0\n              count: 3\n    cpu: 1\n              count: 4\n  start_pfn: 1\n";

std::string one_zone_with(std::string_view old_text, std::string_view new_text) {
  std::string text(kOneZone);
  text.replace(text.find(old_text), old_text.size(), new_text);
  return text;
}

TEST(Zoneinfo, LeavesOutAFigureItCannotReadAndItsSum) {
  for (const char* bad : {"count: x", "count: -3", "count:", "count: 18446744073709551615", "count: 1 2"}) {
    SCOPED_TRACE(bad);
    const std::string text = one_zone_with("count: 3", bad);
    const Zoneinfo zoneinfo = parsed(text);
    EXPECT_EQ(zoneinfo.zones[0].on_cpu_lists, std::nullopt);  // the other CPU's share is no sum
    EXPECT_EQ(zoneinfo.sum(&Zone::on_cpu_lists), std::nullopt);
    EXPECT_EQ(zoneinfo.sum(&Zone::managed), Pages{9});
    ASSERT_EQ(zoneinfo.faults.count(), 1U);
    EXPECT_EQ(zoneinfo.faults.first()->line, 7U);
  }
}

TEST(Zoneinfo, DoesNotSumOverAZoneItCouldNotName) {
  for (const char* bad : {"Node x, zone Normal", "Node 0 zone Normal", "Node 0,", "Node", "Node 0, zone a b",
                          "Node 99999999999999999999, zone Normal"}) {
    SCOPED_TRACE(bad);
    const std::string text = std::string(kOneZone) + one_zone_with("Node 0, zone   Normal", bad);
    const Zoneinfo zoneinfo = parsed(text);
    EXPECT_EQ(zoneinfo.zones.size(), 1U);
    EXPECT_EQ(zoneinfo.zones[0].managed, Pages{9});
    EXPECT_EQ(zoneinfo.sum(&Zone::managed), std::nullopt);
    EXPECT_EQ(zoneinfo.faults.count(), 1U);
  }
}

TEST(Zoneinfo, SumsOnlyWhatFits) {
  const std::string text = one_zone_with("managed  9", "managed  9223372036854775807");
  const std::string twice = text + text;
  EXPECT_EQ(parsed(text).sum(&Zone::managed), Pages{std::numeric_limits<std::int64_t>::max()});
  EXPECT_EQ(parsed(twice).sum(&Zone::managed), std::nullopt);
}

TEST(Zoneinfo, NoticesAZoneThatIsCutAtALineEnd) {
  const std::string text = std::string(kOneZone) + one_zone_with("  start_pfn: 1\n", "");
  const Zoneinfo zoneinfo = parsed(text);
  EXPECT_FALSE(zoneinfo.whole);
  EXPECT_EQ(zoneinfo.zones[1].on_cpu_lists, std::nullopt);
  EXPECT_EQ(zoneinfo.zones[0].on_cpu_lists, Pages{7});
}

TEST(Zoneinfo, RefusesOtherTexts) {
  Zoneinfo zoneinfo;
  EXPECT_EQ(parse_zoneinfo("", zoneinfo).error().kind, Error::Kind::kTruncated);
  EXPECT_FALSE(parse_zoneinfo(testdata("meminfo/6.18-x86_64-vm.txt"), zoneinfo));
  EXPECT_FALSE(parse_zoneinfo("  pages free 3\n", zoneinfo));
}

TEST(Zoneinfo, NeverTakesHalfANumberOrHalfASum) {
  for (const std::string& text : all_testdata("zoneinfo")) {
    const Zoneinfo whole = parsed(text);
    for (std::size_t size = 0; size < text.size(); ++size) {
      if (size > 0 && text[size - 1] == '\n') continue;
      Zoneinfo cut;
      if (!parse_zoneinfo(std::string_view(text).substr(0, size), cut)) continue;
      ASSERT_FALSE(cut.faults.empty()) << size;
      ASSERT_EQ(cut.sum(&Zone::managed), std::nullopt) << size;
      for (std::size_t i = 0; i < cut.zones.size(); ++i) {
        for (const auto figure : {&Zone::free, &Zone::min, &Zone::managed, &Zone::on_cpu_lists}) {
          if (!(cut.zones[i].*figure)) continue;
          ASSERT_EQ(cut.zones[i].*figure, whole.zones[i].*figure) << size;
        }
      }
    }
  }
}

}  // namespace
}  // namespace leakscope::sources::procfs
