#include "model/coverage.h"

#include <gtest/gtest.h>

namespace leakscope::model {
namespace {

TEST(CoverageFromError, TellsTheRemedyOnce) {
  const Error error{
      .kind = Error::Kind::kDenied, .where = "/proc/slabinfo", .what = "cannot open", .hint = "Run as root"};
  const Coverage coverage = coverage_from_error("slab", error);
  EXPECT_EQ(coverage.state, Coverage::State::kDenied);
  EXPECT_EQ(coverage.why, "/proc/slabinfo: cannot open");
  EXPECT_EQ(coverage.remedy, "Run as root");
}

TEST(CoverageFromError, AnotherRemedyLeavesTheHintInTheReason) {
  const Error error{.kind = Error::Kind::kNotFound, .where = "/sys/x", .what = "cannot open", .hint = "mount sysfs"};
  const Coverage coverage = coverage_from_error("x", error, "use a newer kernel");
  EXPECT_EQ(coverage.state, Coverage::State::kAbsent);
  EXPECT_EQ(coverage.why, "/sys/x: cannot open. mount sysfs");
  EXPECT_EQ(coverage.remedy, "use a newer kernel");
}

}  // namespace
}  // namespace leakscope::model
