#include "model/registry.h"

#include <gtest/gtest.h>

namespace leakscope::model {
namespace {

SubjectInfo cache(std::string name) {
  SubjectInfo info;
  info.key = {.kind = SubjectKind::kSlabCache, .name = std::move(name)};
  info.detail = "aliases";
  return info;
}

TEST(Registry, GivesARetiredKeyANewSubject) {
  Registry registry;
  const SubjectId first = registry.intern(cache("dentry"));
  registry.retire(first);
  const SubjectId second = registry.intern(cache("dentry"));
  EXPECT_NE(first, second);
  EXPECT_TRUE(registry.info(first).retired);
  EXPECT_FALSE(registry.info(second).retired);
}

TEST(Registry, RetiringTwiceDoesNotTouchTheSuccessor) {
  Registry registry;
  const SubjectId first = registry.intern(cache("dentry"));
  registry.retire(first);
  const SubjectId second = registry.intern(cache("dentry"));
  registry.retire(first);
  EXPECT_EQ(registry.find(cache("dentry").key), second);
}

TEST(Registry, ALateUpdateDoesNotBringASubjectBack) {
  Registry registry;
  const SubjectId id = registry.intern(cache("dentry"));
  registry.retire(id);
  registry.update(id, cache("dentry"));
  EXPECT_TRUE(registry.info(id).retired);
}

TEST(Registry, ForgetsOnlyWhatIsRetired) {
  Registry registry;
  const SubjectId id = registry.intern(cache("dentry"));
  registry.forget(id);
  EXPECT_EQ(registry.info(id).detail, "aliases");
  registry.retire(id);
  registry.forget(id);
  const SubjectInfo left = registry.info(id);
  EXPECT_EQ(left.key.kind, SubjectKind::kSlabCache);
  EXPECT_EQ(left.key.name, "");
  EXPECT_TRUE(left.retired);
  registry.update(id, cache("late"));
  registry.retire(id);
  EXPECT_EQ(registry.info(id).key.name, "");
  EXPECT_EQ(registry.size(), 2U);
  EXPECT_EQ(registry.known(), 1U);
}

TEST(Registry, HoldsNothingOfMonthsOfProcesses) {
  Registry registry;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    const auto pid = static_cast<std::int32_t>(i % 30'000);
    const SubjectId process =
        registry.intern(SubjectKey{SubjectKind::kProcess, "sh", ProcessId{Pid{pid}, StartTime{i}}});
    EXPECT_EQ(process.index, i + 1);
    registry.retire(process);
    registry.forget(process);
    ASSERT_EQ(registry.known(), 1U);
  }
  EXPECT_EQ(registry.info(SubjectId{5}).key.kind, SubjectKind::kProcess);
  EXPECT_TRUE(registry.info(SubjectId{5}).retired);
}

}  // namespace
}  // namespace leakscope::model
