#include "base/error.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace leakscope {
namespace {

TEST(Error, SaysWhereAndWhat) {
  const Error error{Error::Kind::kMalformed, "/proc/meminfo", 3, "want '<number> kB', got 'x'", {}};
  EXPECT_EQ(to_string(error), "/proc/meminfo:3: want '<number> kB', got 'x'");
}

TEST(Error, TellsDeniedFromAbsentFromGone) {
  EXPECT_EQ(error_from_errno(EACCES, "/proc/1/maps", "open").kind, Error::Kind::kDenied);
  EXPECT_EQ(error_from_errno(ENOENT, "/proc/zoneinfo", "open").kind, Error::Kind::kNotFound);
  EXPECT_EQ(error_from_errno(ESRCH, "/proc/7/stat", "read").kind, Error::Kind::kGone);
}

}  // namespace
}  // namespace leakscope
