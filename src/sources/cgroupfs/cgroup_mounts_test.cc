#include "sources/cgroupfs/cgroup_mounts.h"

#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "sources/cgroupfs/scratch_tree.h"

namespace leakscope::sources::cgroupfs {
namespace {

std::string read_testdata(const std::string& name) {
  std::ifstream in(std::string(LEAKSCOPE_TESTDATA) + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(CgroupMounts, ReadsAHybridMachine) {
  const auto mounts = parse_cgroup_mounts(read_testdata("cgroup_mounts/6.18-x86_64-hybrid.txt"));
  ASSERT_TRUE(mounts);
  ASSERT_EQ(mounts->size(), 10U);
  EXPECT_EQ((*mounts)[3], (CgroupMount{false, "/sys/fs/cgroup/memory", "/", {"rw", "memory"}}));
  EXPECT_EQ((*mounts)[9], (CgroupMount{true, "/sys/fs/cgroup/unified", "/", {"rw"}}));
}

TEST(CgroupMounts, UndoesEscapesAndKeepsThePartThatIsMounted) {
  const auto mounts = parse_cgroup_mounts(read_testdata("cgroup_mounts/systemd-v2-format-made.txt"));
  ASSERT_TRUE(mounts);
  ASSERT_EQ(mounts->size(), 2U);
  EXPECT_EQ((*mounts)[1].mount_point, "/var/lib/x y/cgroup");
  EXPECT_EQ((*mounts)[1].root, "/docker/5f2c");
}

TEST(CgroupMounts, NamesWhatItCannotRead) {
  const auto malformed_line = parse_cgroup_mounts("1 2 0:3 / /x rw - proc proc rw\n1 2 0:3 - cgroup2 none\n");
  ASSERT_FALSE(malformed_line);
  EXPECT_EQ(malformed_line.error().line, 2U);
  const auto cut = parse_cgroup_mounts("35 25 0:31 / /sys/fs/cgroup rw - cgroup2 cgroup2 r");
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().kind, Error::Kind::kTruncated);
  EXPECT_TRUE(parse_cgroup_mounts("")->empty());
}

TEST(FindHierarchies, TakesTheMemoryControllerOfAHybridMachineFromV1) {
  const ScratchTree tree;
  tree.write("proc/self/mountinfo", read_testdata("cgroup_mounts/6.18-x86_64-hybrid.txt"));
  tree.write("sys/fs/cgroup/memory/release_agent", "\n");
  tree.write("sys/fs/cgroup/pids/release_agent", "\n");
  tree.write("sys/fs/cgroup/unified/cgroup.controllers", "hugetlb\n");
  const auto found = find_hierarchies(tree.root());
  ASSERT_TRUE(found && found->main && found->pids);
  EXPECT_EQ(found->main->version, 1);
  EXPECT_EQ(found->main->prefix, "memory:");
  EXPECT_EQ(found->main->directory, "sys/fs/cgroup/memory");
  EXPECT_TRUE(found->main->whole);
  EXPECT_EQ(found->pids->directory, "sys/fs/cgroup/pids");
}

TEST(FindHierarchies, TakesTheUnifiedOneWhereV1HasNoMemoryController) {
  const ScratchTree tree;
  tree.write("proc/self/mountinfo", read_testdata("cgroup_mounts/systemd-v2-format-made.txt"));
  tree.write("sys/fs/cgroup/cgroup.controllers", "memory pids\n");
  const auto found = find_hierarchies(tree.root());
  ASSERT_TRUE(found && found->main);
  EXPECT_EQ(found->main->version, 2);
  EXPECT_EQ(found->main->prefix, "");
  EXPECT_EQ(found->main->base, "");
  EXPECT_TRUE(found->main->whole);
  EXPECT_FALSE(found->pids);
}

TEST(FindHierarchies, ACgroupOfV2NamedLikeAControllerIsNoHierarchyOfV1) {
  const ScratchTree tree;
  tree.write("proc/self/mountinfo", read_testdata("cgroup_mounts/systemd-v2-format-made.txt"));
  tree.write("sys/fs/cgroup/cgroup.controllers", "memory pids\n");
  tree.write("sys/fs/cgroup/memory/cgroup.events", "populated 0\n");
  tree.write("sys/fs/cgroup/pids/cgroup.events", "populated 0\n");
  const auto found = find_hierarchies(tree.root());
  ASSERT_TRUE(found && found->main);
  EXPECT_EQ(found->main->version, 2);
  EXPECT_EQ(found->main->directory, "sys/fs/cgroup");
  EXPECT_TRUE(found->main->whole);
  EXPECT_FALSE(found->pids);
}

TEST(FindHierarchies, AContainersPartKeepsThePathAbove) {
  const ScratchTree tree;
  tree.write("proc/self/mountinfo",
             "35 25 0:31 /docker/5f2c /sys/fs/cgroup ro,relatime - cgroup2 cgroup ro,nsdelegate\n");
  tree.write("sys/fs/cgroup/cgroup.events", "populated 1\n");
  const auto found = find_hierarchies(tree.root());
  ASSERT_TRUE(found && found->main);
  EXPECT_EQ(found->main->base, "/docker/5f2c");
  EXPECT_FALSE(found->main->whole);
}

TEST(FindHierarchies, FindsThemByPresenceWhereNoMountsAreRecorded) {
  const ScratchTree tree;
  const auto none = find_hierarchies(tree.root());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, Error::Kind::kNotFound);
  tree.write("sys/fs/cgroup/cgroup.controllers", "memory\n");
  EXPECT_EQ(find_hierarchies(tree.root())->main->version, 2);
  tree.write("proc/self/mountinfo", "35 25 0:31 / /sys/fs/cgr");  // cut in half: presence decides
  EXPECT_EQ(find_hierarchies(tree.root())->main->directory, "sys/fs/cgroup");
}

}  // namespace
}  // namespace leakscope::sources::cgroupfs
