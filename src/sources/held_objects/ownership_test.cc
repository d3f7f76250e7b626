#include "sources/held_objects/ownership.h"

#include <gtest/gtest.h>

namespace leakscope::sources::held_objects {
namespace {

constexpr ProcessId kParent{Pid{100}, StartTime{1000}};
constexpr ProcessId kChild{Pid{50}, StartTime{2000}};
constexpr ObjectKey kPipe{ObjectKey::Kind::kPipe, 7};

TEST(Ownership, OfEqualsTheOneThatStartedFirstInWhateverOrderTheyAreLookedAt) {
  for (const bool parent_first : {true, false}) {
    Ownership ownership;
    for (const ProcessId& process : {parent_first ? kParent : kChild, parent_first ? kChild : kParent}) {
      ownership.begin_look(process);
      ownership.claim(kPipe, process, true);
    }
    EXPECT_TRUE(ownership.owns(kPipe, kParent));
    EXPECT_FALSE(ownership.owns(kPipe, kChild));
  }
}

TEST(Ownership, AReaderComesBeforeAWriter) {
  Ownership ownership;
  ownership.begin_look(kParent);
  ownership.claim(kPipe, kParent, false);
  EXPECT_TRUE(ownership.owns(kPipe, kParent));
  ownership.begin_look(kChild);
  ownership.claim(kPipe, kChild, true);
  EXPECT_TRUE(ownership.owns(kPipe, kChild));
}

TEST(Ownership, AClaimThatIsNotRepeatedLapses) {
  Ownership ownership;
  ownership.begin_look(kParent);
  ownership.claim(kPipe, kParent, true);
  ownership.begin_look(kChild);
  ownership.claim(kPipe, kChild, true);
  ownership.begin_look(kParent);  // it closed the pipe meanwhile
  EXPECT_FALSE(ownership.owns(kPipe, kParent));
  ownership.begin_look(kChild);
  ownership.claim(kPipe, kChild, true);
  EXPECT_TRUE(ownership.owns(kPipe, kChild));
}

TEST(Ownership, ClaimsOfOneThatEndedAreForgottenAndSwept) {
  Ownership ownership;
  ownership.begin_look(kParent);
  ownership.claim(kPipe, kParent, true);
  ownership.claim({ObjectKey::Kind::kSocket, 7}, kParent, true);
  EXPECT_EQ(ownership.size(), 2U);
  ownership.forget(kParent);
  EXPECT_FALSE(ownership.owns(kPipe, kParent));
  ownership.sweep();
  EXPECT_EQ(ownership.size(), 0U);
}

TEST(Ownership, TheSamePidStartedLaterIsAnother) {
  Ownership ownership;
  ownership.begin_look(kParent);
  ownership.claim(kPipe, kParent, true);
  EXPECT_FALSE(ownership.owns(kPipe, ProcessId{kParent.pid, StartTime{9999}}));
}

}  // namespace
}  // namespace leakscope::sources::held_objects
