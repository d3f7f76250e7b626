#include "session/remedies.h"

#include <string>

#include <gtest/gtest.h>

namespace leakscope::session {
namespace {

using State = model::Coverage::State;

std::string corrected(State state, std::string remedy, Viewer viewer) {
  std::vector<model::Coverage> entries{{"zoneinfo", state, "cannot open", std::move(remedy)}};
  correct_remedies(entries, viewer);
  return entries.front().remedy;
}

constexpr Viewer kRoot{.is_root = true, .is_live = true};
constexpr Viewer kUser{.is_root = false, .is_live = true};
constexpr Viewer kRootAtTree{.is_root = true, .is_live = false};
constexpr Viewer kUserAtTree{.is_root = false, .is_live = false};

TEST(CorrectRemedies, LeavesTheRemedyToWhoIsNotRoot) {
  EXPECT_EQ(corrected(State::kDenied, "run as root", kUser), "run as root");
  EXPECT_EQ(corrected(State::kPartial, "Run as root, or: more", kUser), "Run as root, or: more");
  EXPECT_EQ(corrected(State::kDenied, "run as root", kUserAtTree), "run as root");
}

TEST(CorrectRemedies, NeverSendsRootToBecomeRoot) {
  for (const State state : {State::kDenied, State::kPartial, State::kAbsent}) {
    for (const Viewer viewer : {kRoot, kRootAtTree}) {
      for (const char* remedy : {"run as root", "Run as root: it is mode 0400", "run as root, or with CAP_BPF"}) {
        EXPECT_EQ(corrected(state, remedy, viewer).find("un as root"), std::string::npos);
      }
    }
  }
  EXPECT_NE(corrected(State::kDenied, "run as root", kRoot).find("protected even from root"), std::string::npos);
  EXPECT_NE(corrected(State::kDenied, "run as root", kRootAtTree).find("may not be read in this tree"),
            std::string::npos);
}

TEST(CorrectRemedies, NoRightBringsWhatIsNotThere) {
  EXPECT_EQ(corrected(State::kAbsent, "run as root", kUser), "");
  EXPECT_EQ(corrected(State::kAbsent, "run as root", kRoot), "");
  for (const Viewer viewer : {kUserAtTree, kRootAtTree}) {
    EXPECT_NE(corrected(State::kAbsent, "run as root", viewer).find("not in this tree"), std::string::npos);
  }
}

TEST(CorrectRemedies, NothingIsMountedInATree) {
  constexpr const char* kMount = "mount -t cgroup2 none /sys/fs/cgroup";
  EXPECT_EQ(corrected(State::kAbsent, kMount, kUser), kMount);
  EXPECT_NE(corrected(State::kAbsent, kMount, kUserAtTree).find("not in this tree"), std::string::npos);
}

TEST(CorrectRemedies, LeavesOtherRemedies) {
  EXPECT_EQ(corrected(State::kDenied, "mount -t tracefs nodev /sys/kernel/tracing", kRoot),
            "mount -t tracefs nodev /sys/kernel/tracing");
  EXPECT_EQ(corrected(State::kOk, "", kRoot), "");
}

}  // namespace
}  // namespace leakscope::session
