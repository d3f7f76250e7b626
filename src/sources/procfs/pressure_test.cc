#include "sources/procfs/pressure.h"

#include "sources/procfs/test_texts.h"

namespace leakscope::sources::procfs {
namespace {

using std::chrono::microseconds;

TEST(Pressure, ReadsBothLines) {
  Pressure pressure;
  ASSERT_TRUE(parse_pressure(testdata("pressure/5.15-memory-format-made.txt"), pressure));
  EXPECT_EQ(pressure.some, microseconds(9123456789));
  EXPECT_EQ(pressure.full, microseconds(4000000001));
  ASSERT_TRUE(parse_pressure(testdata("pressure/6.18-x86_64-vm-io.txt"), pressure));
  EXPECT_TRUE(pressure.faults.empty());
  EXPECT_LT(pressure.full, pressure.some);
}

TEST(Pressure, KnowsNoFullLineOfTheCpuOnOldKernels) {
  Pressure pressure;
  ASSERT_TRUE(parse_pressure(testdata("pressure/4.20-cpu-some-only-format-made.txt"), pressure));
  EXPECT_EQ(pressure.some, microseconds(123456789));
  EXPECT_EQ(pressure.full, std::nullopt);
  EXPECT_TRUE(pressure.faults.empty());
}

TEST(Pressure, LeavesOutWhatItCannotRead) {
  for (const char* bad : {"some avg10=0.00", "some", "some total=x", "some total=", "some total=-1",
                          "some total=18446744073709551615", "some total=9223372036854775807"}) {
    SCOPED_TRACE(bad);
    Pressure pressure;
    ASSERT_TRUE(parse_pressure("full avg10=0.00 total=7\n" + std::string(bad) + "\n", pressure));
    EXPECT_EQ(pressure.some, std::nullopt);
    EXPECT_EQ(pressure.full, microseconds(7));
    ASSERT_EQ(pressure.faults.count(), 1U);
    EXPECT_EQ(pressure.faults.first()->line, 2U);
  }
}

TEST(Pressure, RefusesOtherTexts) {
  Pressure pressure;
  EXPECT_FALSE(parse_pressure("", pressure));
  EXPECT_FALSE(parse_pressure("someone total=5\n", pressure));
  EXPECT_FALSE(parse_pressure("some total=5", pressure));
}

}  // namespace
}  // namespace leakscope::sources::procfs
