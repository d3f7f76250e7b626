#include "sources/kernel_log/log_remedy.h"

#include <gtest/gtest.h>

namespace leakscope::sources::kernel_log {
namespace {

TEST(LogRemedy, IsForWhoIsDeniedTheLogAlone) {
  const Error denied = with_log_remedy({Error::Kind::kDenied, "/dev/kmsg", 0, "cannot open", {}});
  EXPECT_EQ(denied.hint.find("Run as root"), 0U);
  EXPECT_EQ(with_log_remedy({Error::Kind::kNotFound, "/dev/kmsg", 0, "cannot open", {}}).hint, "");
}

}  // namespace
}  // namespace leakscope::sources::kernel_log
