#include "sources/procfs/net_dev.h"

#include "sources/procfs/test_texts.h"

namespace leakscope::sources::procfs {
namespace {

using model::Metric;

TEST(NetDev, SumsBothDirectionsOfAllDevicesButLoopback) {
  MachineValues values;
  ASSERT_TRUE(parse_net_dev(testdata("net_dev/3.10-format-made.txt"), values));
  EXPECT_EQ(values.find(Metric::kNetBytes), 1000 + 2000 + 30'000'000'000 + 40'000'000'000);
  ASSERT_TRUE(parse_net_dev(testdata("net_dev/6.18-x86_64-vm.txt"), values));
  EXPECT_GT(values.find(Metric::kNetBytes), 26'000'000);
  EXPECT_TRUE(values.faults.empty());
}

constexpr std::string_view kHeadings = "Inter-|   Receive\n face |bytes\n";

TEST(NetDev, CountsNoDeviceAsNothing) {
  MachineValues values;
  ASSERT_TRUE(parse_net_dev(kHeadings, values));
  EXPECT_EQ(values.find(Metric::kNetBytes), 0);
}

TEST(NetDev, GivesNoSumOverAPartOfTheDevices) {
  for (const char* bad : {"eth1: 1 2 3\n", "eth1\n", "eth1: x 0 0 0 0 0 0 0 1\n", "eth1: -1 0 0 0 0 0 0 0 1\n",
                          "eth1: 18446744073709551615 0 0 0 0 0 0 0 1\n", "eth1: 9223372036854775807 0 0 0 0 0 0 0 1\n",
                          "eth1: 1 0 0 0 0 0 0 0 1"}) {
    SCOPED_TRACE(bad);
    MachineValues values;
    ASSERT_TRUE(parse_net_dev(std::string(kHeadings) + "eth0: 1 0 0 0 0 0 0 0 1\n" + bad, values));
    EXPECT_EQ(values.find(Metric::kNetBytes), std::nullopt);
    ASSERT_EQ(values.faults.count(), 1U);
    EXPECT_EQ(values.faults.first()->line, 4U);
  }
}

TEST(NetDev, RefusesOtherTexts) {
  MachineValues values;
  EXPECT_FALSE(parse_net_dev("", values));
  EXPECT_FALSE(parse_net_dev("Inter-|\n", values));
  EXPECT_FALSE(parse_net_dev("Inter-|\n face", values));
  EXPECT_FALSE(parse_net_dev(testdata("meminfo/6.18-x86_64-vm.txt"), values));
}

TEST(NetDev, NeverTakesHalfANumber) {
  for (const std::string& text : all_testdata("net_dev")) expect_no_wrong_value_when_cut(text, parse_net_dev);
}

}  // namespace
}  // namespace leakscope::sources::procfs
