#include "sources/kmem_bpf/cache_names.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sources/test_tree.h"

namespace leakscope::sources::kmem_bpf {
namespace {

class CacheNames : public ::testing::Test {
 protected:
  void cache(const std::string& name) const { tree.write("sys/kernel/slab/" + name + "/objects", "1\n"); }
  void alias(const std::string& name, const std::string& target) const {
    tree.symlink("sys/kernel/slab/" + name, target);
  }
  [[nodiscard]] Result<std::vector<std::string>> meant(const std::string& pattern) const {
    auto names = caches_meant(tree.root(), pattern);
    if (names) std::ranges::sort(*names);
    return names;
  }
  TestTree tree;
};

using Names = std::vector<std::string>;

TEST_F(CacheNames, AMergedCacheIsFoundByAnyOfItsNames) {
  cache(":0000192");
  cache("kmalloc-4k");
  cache("kmalloc-cg-4k");
  alias("pid", ":0000192");
  alias("aio_kiocb", ":0000192");
  EXPECT_EQ(meant("aio_kiocb").value(), (Names{":0000192", "aio_kiocb", "pid"}));
  EXPECT_EQ(meant("kmalloc-*").value(), (Names{"kmalloc-4k", "kmalloc-cg-4k"}));
  EXPECT_EQ(meant("kmalloc-4k").value(), (Names{"kmalloc-4k"}));
}

TEST_F(CacheNames, NoCacheIsCalledSo) {
  cache("kmalloc-4k");
  const auto names = meant("dentry");
  ASSERT_FALSE(names);
  EXPECT_EQ(names.error().kind, Error::Kind::kNotFound);
}

TEST_F(CacheNames, WithoutTheFolderThePatternIsTheName) { EXPECT_EQ(meant("dentry").value(), (Names{"dentry"})); }

TEST(KmallocNames, AreTheKernelsOwn) {
  EXPECT_EQ(kmalloc_cache_name(96, KmallocKind::kNormal), "kmalloc-96");
  EXPECT_EQ(kmalloc_cache_name(512, KmallocKind::kAccounted), "kmalloc-cg-512");
  EXPECT_EQ(kmalloc_cache_name(1024, KmallocKind::kReclaimable), "kmalloc-rcl-1k");
  EXPECT_EQ(kmalloc_cache_name(8192, KmallocKind::kDma), "dma-kmalloc-8k");
}

}  // namespace
}  // namespace leakscope::sources::kmem_bpf
