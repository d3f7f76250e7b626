#include "sources/sysfs/node_meminfo.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "sources/test_tree.h"

namespace leakscope::sources::sysfs {
namespace {

std::string testdata(const std::string& name) { return test_text(std::filesystem::path(LEAKSCOPE_TESTDATA) / name); }

TEST(NodeMeminfo, ReadsARealMachine) {
  NodeMeminfo node;
  ASSERT_TRUE(parse_node_meminfo(testdata("node_meminfo/6.18-x86_64-vm.txt"), node));
  EXPECT_TRUE(node.faults.empty());
  EXPECT_TRUE(node.anon_pages && node.file_pages && node.free);
  EXPECT_LT(*node.slab_unreclaimable, *node.slab);
}

TEST(NodeMeminfo, ReadsTheFormatOfAnOldKernel) {
  NodeMeminfo node;
  ASSERT_TRUE(parse_node_meminfo(testdata("node_meminfo/3.10-format-made.txt"), node));
  EXPECT_EQ(node.total, Bytes::from_kib(67108864));
  EXPECT_EQ(node.slab, Bytes::from_kib(117332));
  EXPECT_EQ(node.slab_unreclaimable, Bytes::from_kib(26396));
  EXPECT_EQ(node.anon_pages, Bytes::from_kib(29812));
  EXPECT_EQ(node.file_pages, Bytes::from_kib(846324));
}

TEST(NodeMeminfo, LeavesOutWhatItCannotRead) {
  for (const char* bad : {"Node 0 Slab: x kB\n", "Node 0 Slab: -1 kB\n", "Node 0 Slab: 1\n", "Node 0 Slab:\n",
                          "Node 0 Slab: 18446744073709551615 kB\n", "Node 0 Slab: 9007199254740992 kB\n",
                          "Node 0 Slab: 5 kB\nNode 0 Slab: 5 kB\n", "Node 0 Slab: 5 k"}) {
    SCOPED_TRACE(bad);
    NodeMeminfo node;
    ASSERT_TRUE(parse_node_meminfo("Node 0 MemFree: 3 kB\n" + std::string(bad), node));
    EXPECT_EQ(node.slab, std::nullopt);
    EXPECT_EQ(node.free, Bytes::from_kib(3));
    EXPECT_EQ(node.faults.count(), 1U);
  }
}

TEST(NodeMeminfo, RefusesOtherTexts) {
  NodeMeminfo node;
  EXPECT_EQ(parse_node_meminfo("", node).error().kind, Error::Kind::kTruncated);
  EXPECT_EQ(parse_node_meminfo("MemTotal: 3 kB\n", node).error().kind, Error::Kind::kMalformed);
  EXPECT_FALSE(parse_node_meminfo("Node\nNode 0\nNode 0 Foo: 1 kB\n", node));
}

TEST(NodeMeminfo, NeverTakesHalfANumber) {
  const std::string text = testdata("node_meminfo/3.10-format-made.txt");
  NodeMeminfo whole;
  ASSERT_TRUE(parse_node_meminfo(text, whole));
  for (std::size_t size = 0; size < text.size(); ++size) {
    NodeMeminfo cut;
    if (!parse_node_meminfo(std::string_view(text).substr(0, size), cut)) continue;
    for (const auto figure : {&NodeMeminfo::total, &NodeMeminfo::free, &NodeMeminfo::slab, &NodeMeminfo::file_pages}) {
      ASSERT_TRUE(!(cut.*figure) || cut.*figure == whole.*figure) << "cut at " << size;
    }
  }
}

}  // namespace
}  // namespace leakscope::sources::sysfs
