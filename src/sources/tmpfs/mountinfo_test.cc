#include "sources/tmpfs/mountinfo.h"

#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace leakscope::sources::tmpfs {
namespace {

std::string capture(const std::string& name) {
  std::ifstream in(std::string(LEAKSCOPE_TESTDATA) + "/mountinfo/" + name, std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST(Mountinfo, ReadsARealMachine) {
  const std::string text = capture("6.18-x86_64-cgroup-v1.txt");
  Mountinfo info;
  ASSERT_TRUE(parse_mountinfo(text, info));
  ASSERT_EQ(info.rows.size(), 19U);
  EXPECT_EQ(info.lines_left_out, 0U);
  EXPECT_EQ(info.rows[3], (Mount{25, 24, {0, 23}, "/", "/dev/shm", "tmpfs", "tmpfs"}));
}

TEST(Mountinfo, ReadsOptionalFieldsEscapesAndBindMounts) {
  const std::string text = capture("6.1-container-made.txt");
  Mountinfo info;
  ASSERT_TRUE(parse_mountinfo(text, info));
  ASSERT_EQ(info.rows.size(), 7U);
  EXPECT_EQ(info.rows[2], (Mount{602, 600, {0, 62}, "/resolv.conf", "/etc/resolv.conf", "tmpfs", "tmpfs"}));
  EXPECT_EQ(unescape(info.rows[4].mount_point), "/var/lib/a b\tc\\d");
  EXPECT_EQ(unescape(info.rows[4].source), "my source");
  EXPECT_EQ(info.rows[5].fs_type, "hugetlbfs");
}

TEST(Mountinfo, LeavesBrokenLinesOut) {
  const std::string good = "25 24 0:23 / /dev/shm rw - tmpfs tmpfs rw\n";
  Mountinfo info;
  for (const std::string_view line : {"", "25 24", "x 24 0:23 / /m rw - tmpfs t rw", "25 24 0-23 / /m rw - tmpfs t rw",
                                      "25 24 0:23 / /m rw shared:4 tmpfs t rw", "25 24 0:23 / /m rw -",
                                      "25 24 0:99999999999 / /m rw - tmpfs t rw", "-1 24 0:2 / /m rw - tmpfs t rw"}) {
    const std::string text = good + std::string(line) + "\n";
    ASSERT_TRUE(parse_mountinfo(text, info)) << line;
    EXPECT_EQ(info.rows.size(), 1U) << line;
    EXPECT_EQ(info.lines_left_out, 1U) << line;
  }
  EXPECT_FALSE(parse_mountinfo("garbage\n", info));
  EXPECT_TRUE(parse_mountinfo("", info));
}

TEST(Mountinfo, NeverInventsAMountHoweverTheTextIsCut) {
  const std::string text = capture("6.1-container-made.txt");
  Mountinfo whole;
  ASSERT_TRUE(parse_mountinfo(text, whole));
  Mountinfo part;
  for (std::size_t length = 0; length < text.size(); ++length) {
    if (!parse_mountinfo(std::string_view(text).substr(0, length), part)) continue;
    EXPECT_TRUE(std::equal(part.rows.begin(), part.rows.end(), whole.rows.begin())) << length;
    EXPECT_EQ(part.cut, length > 0 && text[length - 1] != '\n') << length;
  }
}

TEST(Unescape, LeavesWhatIsNoEscape) {
  EXPECT_EQ(unescape("\\04"), "\\04");
  EXPECT_EQ(unescape("\\999x"), "\\999x");
  EXPECT_EQ(unescape("\\777"), "\\777");
  EXPECT_EQ(unescape("a\\"), "a\\");
  EXPECT_EQ(unescape("\\012"), "\n");
}

}  // namespace
}  // namespace leakscope::sources::tmpfs
