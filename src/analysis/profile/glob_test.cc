#include "analysis/profile/glob.h"

#include <vector>

#include <gtest/gtest.h>

namespace leakscope::analysis::profile {
namespace {

TEST(Glob, StarsAndQuestionMarksStandForBytes) {
  EXPECT_TRUE(glob_matches("kmalloc-*", "kmalloc-4k"));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("", ""));
  EXPECT_TRUE(glob_matches("**a**", "bab"));
  EXPECT_TRUE(glob_matches("a?c", "abc"));
  EXPECT_TRUE(glob_matches("*_cache", "ext4_inode_cache"));
  EXPECT_TRUE(glob_matches("ext?_*_cache", "ext4_inode_cache"));
  EXPECT_TRUE(glob_matches("*ab", "aab"));
  EXPECT_TRUE(glob_matches("\xff*\x01", "\xff\xfe\x01"));
}

TEST(Glob, TheWholeTextIsMeant) {
  EXPECT_FALSE(glob_matches("kmalloc", "kmalloc-4k"));
  EXPECT_FALSE(glob_matches("4k", "kmalloc-4k"));
  EXPECT_FALSE(glob_matches("a?c", "ac"));
  EXPECT_FALSE(glob_matches("", "a"));
  EXPECT_FALSE(glob_matches("a", ""));
  EXPECT_FALSE(glob_matches("*a*b", "b"));
  EXPECT_FALSE(glob_matches("[ab]", "a"));
  EXPECT_FALSE(glob_matches("\\*", "*"));
}

// With a try for each way to divide the text between the stars this would outlast the machine.
TEST(Glob, ManyStarsTakeNoTime) {
  std::string glob;
  for (int i = 0; i < 2000; ++i) glob += "*a";
  EXPECT_FALSE(glob_matches(glob + "b", std::string(5000, 'a')));
  EXPECT_TRUE(glob_matches(glob, std::string(5000, 'a')));
}

TEST(Glob, AnyOfNoneIsNone) {
  EXPECT_FALSE(any_glob_matches({}, "a"));
  EXPECT_TRUE(any_glob_matches(std::vector<std::string>{"x", "a*"}, "abc"));
}

}  // namespace
}  // namespace leakscope::analysis::profile
