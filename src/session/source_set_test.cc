#include "session/source_set.h"

#include <stdlib.h>

#include <filesystem>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace leakscope::session {
namespace {

std::set<std::string> names_below(const std::string& path) {
  const auto root = RootedDir::open(path);
  EXPECT_TRUE(root);
  std::set<std::string> names;
  if (!root) return names;
  const SourceSet set = open_sources(*root, PageSize{}, {.root = path, .use_bpf = false});
  for (const auto& source : set.opened) names.emplace(source->info().name);
  for (const model::Coverage& entry : set.not_opened) names.insert(entry.source);
  return names;
}

TEST(SourceSet, ASourceIsCalledTheSameWhetherItOpensOrNot) {
  std::string empty = (std::filesystem::temp_directory_path() / "sources-XXXXXX").string();
  ASSERT_NE(::mkdtemp(empty.data()), nullptr);
  const std::set<std::string> in_an_empty_tree = names_below(empty);
  EXPECT_EQ(names_below("/"), in_an_empty_tree);
  for (const std::string& name : in_an_empty_tree) EXPECT_EQ(name.find(' '), std::string::npos) << name;
  std::filesystem::remove_all(empty);
}

}  // namespace
}  // namespace leakscope::session
