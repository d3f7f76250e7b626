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
}

}  // namespace
}  // namespace leakscope::model
