#include "sources/procfs/loadavg.h"

#include "sources/procfs/test_texts.h"

namespace leakscope::sources::procfs {
namespace {

using model::Metric;

TEST(Loadavg, ReadsLoadAndThreads) {
  MachineValues values;
  ASSERT_TRUE(parse_loadavg(testdata("loadavg/busy-format-made.txt"), values));
  EXPECT_EQ(values.find(Metric::kLoadavg1), 128070);
  EXPECT_EQ(values.find(Metric::kTasksRunning), 131);
  EXPECT_EQ(values.find(Metric::kTasksTotal), 20480);
  ASSERT_TRUE(parse_loadavg(testdata("loadavg/6.18-x86_64-vm.txt"), values));
  EXPECT_EQ(values.size(), 3U);
}

TEST(Loadavg, RefusesAnythingElse) {
  for (const char* bad : {"", "\n", "0.51 0.15 0.04 1/94 7195", "0.51 0.15 0.04 1 7195\n", "0.5 0.15 0.04 1/94 7195\n",
                          "51 0.15 0.04 1/94 7195\n", "0.51 0.15\n", "-0.51 0.15 0.04 1/94 7195\n", "0.-1 0 0 1/94 7\n",
                          "0.51 0.15 0.04 /94 7195\n", "0.51 0.15 0.04 1/ 7195\n",
                          "99999999999999999999.51 0 0 1/9 7\n", "9223372036854775807.51 0 0 1/9 7\n"}) {
    MachineValues values;
    EXPECT_FALSE(parse_loadavg(bad, values)) << bad;
    EXPECT_EQ(values.size(), 0U);
  }
}

}  // namespace
}  // namespace leakscope::sources::procfs
