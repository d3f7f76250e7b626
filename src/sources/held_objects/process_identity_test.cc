#include "sources/held_objects/process_identity.h"

#include <gtest/gtest.h>

namespace leakscope::sources::held_objects {
namespace {

constexpr std::string_view kReal =
    "12 (cat) R 11 12 10 0 -1 4194304 95 0 0 0 0 0 0 0 20 0 1 0 183021 5632000 390 18446744073709551615 1 1 0 0 0 0 0 "
    "0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

TEST(ProcessIdentity, TakesPidNameAndStart) {
  const auto who = parse_process_identity(kReal);
  ASSERT_TRUE(who);
  EXPECT_EQ(who->id, (ProcessId{Pid{12}, StartTime{183021}}));
  EXPECT_EQ(who->comm, "cat");
}

TEST(ProcessIdentity, TheNameMayHoldAnything) {
  std::string text(kReal);
  text.replace(4, 3, "a) R 1 (\n(b");
  const auto who = parse_process_identity(text);
  ASSERT_TRUE(who);
  EXPECT_EQ(who->comm, "a) R 1 (\n(b");
  EXPECT_EQ(who->id.start.ticks, 183021U);
}

TEST(ProcessIdentity, RefusesWhatWasCutOrIsNone) {
  const std::size_t start_ends = kReal.find("183021") + 6;
  for (std::size_t cut = 0; cut < start_ends - 5; ++cut)
    EXPECT_FALSE(parse_process_identity(kReal.substr(0, cut))) << cut;
  for (const char* text : {"", "12 cat R", "-1 (a) R 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 5", ") (", "1 ()"}) {
    EXPECT_FALSE(parse_process_identity(text)) << text;
  }
}

}  // namespace
}  // namespace leakscope::sources::held_objects
