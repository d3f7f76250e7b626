#include "symbols/build_id.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "symbols/debuginfod.h"

namespace leakscope::symbols {
namespace {

std::string capture(const std::string& name) {
  std::ifstream in(std::string(LEAKSCOPE_TESTDATA) + "/build_id/" + name, std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::optional<std::string> parsed(const std::string& notes) { return parse_build_id(std::as_bytes(std::span(notes))); }

TEST(BuildId, ReadsTheNotesOfARealKernel) {
  const auto id = parsed(capture("6.18-x86_64-notes-id-replaced.bin"));
  ASSERT_TRUE(id);
  EXPECT_EQ(*id, "101112131415161718191a1b1c1d1e1f20212223");
}

TEST(BuildId, FindsItBehindOtherNotesAndNowhereElse) {
  const std::string real = capture("6.18-x86_64-notes-id-replaced.bin");
  const std::string other("\x04\0\0\0\x05\0\0\0\x01\0\0\0Xen\0abcde\0\0\0", 24);
  EXPECT_EQ(parsed(other + real), parsed(real));
  EXPECT_EQ(parsed(other), std::nullopt);
  EXPECT_EQ(parsed(""), std::nullopt);
  for (std::size_t length = 0; length < 36; ++length) EXPECT_EQ(parsed(real.substr(0, length)), std::nullopt) << length;
}

TEST(BuildId, HugeSizesAreRefused) {
  const std::string huge("\xff\xff\xff\xff\xff\xff\xff\xff\x03\0\0\0GNU\0", 16);
  EXPECT_EQ(parsed(huge), std::nullopt);
}

TEST(Debuginfod, RefusesWhatIsNoBuildId) {
  EXPECT_EQ(find_debuginfo("../../etc/passwd").error().kind, Error::Kind::kUsage);
  EXPECT_EQ(find_debuginfo("").error().kind, Error::Kind::kUsage);
}

TEST(Debuginfod, AsksNobodyWithoutAServer) {
  ::unsetenv("DEBUGINFOD_URLS");
  const auto found = find_debuginfo("85c7e4e2ed76f4417e8aaad7c6b040d2bb897a26");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, Error::Kind::kUnsupported);
  EXPECT_FALSE(found.error().hint.empty());
}

}  // namespace
}  // namespace leakscope::symbols
