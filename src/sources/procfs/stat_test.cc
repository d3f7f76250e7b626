#include "sources/procfs/stat.h"

#include "sources/procfs/test_texts.h"

namespace leakscope::sources::procfs {
namespace {

using model::Metric;

MachineValues parsed(std::string_view text) {
  MachineValues values;
  EXPECT_TRUE(parse_stat(text, values));
  return values;
}

TEST(Stat, ReadsARealMachine) {
  const MachineValues values = parsed(testdata("stat/6.18-x86_64-vm.txt"));
  EXPECT_TRUE(values.faults.empty());
  EXPECT_EQ(values.find(Metric::kStatInterrupts), 382252);
  EXPECT_EQ(values.find(Metric::kStatContextSwitches), 722284);
  EXPECT_EQ(values.find(Metric::kStatForks), 24742);
  EXPECT_EQ(values.find(Metric::kStatBlocked), 0);
  EXPECT_EQ(values.find(Metric::kStatCpuBusy), (28459 + 0 + 6900 + 0 + 79) * 10'000'000LL);
}

TEST(Stat, CountsIdleIowaitAndStealAsNotBusy) {
  const MachineValues values = parsed(testdata("stat/3.10-format-made.txt"));
  EXPECT_EQ(values.find(Metric::kStatCpuBusy), (100 + 20 + 300 + 6 + 7) * 10'000'000LL);
  EXPECT_EQ(values.find(Metric::kStatBlocked), 3);
}

TEST(Stat, LeavesOutWhatItCannotReadAndSaysWhich) {
  for (const char* bad : {"cpu  1 2 3", "cpu  1 2 3 4 5 x 7", "cpu  1 2 3 4 5 6 -7", "cpu", "ctxt", "ctxt x", "ctxt -1",
                          "cpu  9223372036854775807 1 1 1 1 1 1", "ctxt 18446744073709551615"}) {
    SCOPED_TRACE(bad);
    const MachineValues values = parsed("intr 5 1 2\n" + std::string(bad) + "\n");
    EXPECT_EQ(values.size(), 1U);
    ASSERT_EQ(values.faults.count(), 1U);
    EXPECT_EQ(values.faults.first()->line, 2U);
  }
}

TEST(Stat, RefusesOtherTexts) {
  MachineValues values;
  EXPECT_FALSE(parse_stat("", values));
  EXPECT_FALSE(parse_stat(testdata("meminfo/6.18-x86_64-vm.txt"), values));
  EXPECT_FALSE(parse_stat("cpu0 1 2 3 4 5 6 7\n", values));
}

TEST(Stat, NeverTakesHalfANumber) {
  for (const std::string& text : all_testdata("stat")) expect_no_wrong_value_when_cut(text, parse_stat);
}

}  // namespace
}  // namespace leakscope::sources::procfs
