#include "sources/kernel_log/kmsg_record.h"

#include <fstream>
#include <iterator>
#include <limits>

#include <gtest/gtest.h>

#include "base/text_cursor.h"

namespace leakscope::sources::kernel_log {
namespace {

std::string read_testdata(const std::string& name) {
  std::ifstream in(std::string(LEAKSCOPE_TESTDATA) + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(KmsgRecord, ReadsEveryRecordOfARealReport) {
  const std::string text = read_testdata("kmsg_record/6.18-x86_64-memcg-v1-oom.txt");
  LineCursor lines(text);
  std::uint64_t expected = 339;
  while (const auto line = lines.next()) {
    const auto record = parse_kmsg_record(*line);
    ASSERT_TRUE(record) << lines.number() << ": " << to_string(record.error());
    EXPECT_EQ(record->sequence, expected++);
    EXPECT_EQ(record->facility, 0U);
  }
  EXPECT_EQ(expected, 417U);
}

TEST(KmsgRecord, ReadsAllFieldsAndTheDictionary) {
  const auto record = parse_kmsg_record("30,7,98765,c,caller=T42;systemd[1]: a;b\n SUBSYSTEM=x\n DEVICE=c1:1\n");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->facility, 3U);
  EXPECT_EQ(record->level, 6U);
  EXPECT_EQ(record->sequence, 7U);
  EXPECT_EQ(record->time, std::chrono::microseconds(98765));
  EXPECT_EQ(record->text, "systemd[1]: a;b");
  EXPECT_EQ(record->dictionary, " SUBSYSTEM=x\n DEVICE=c1:1\n");
}

TEST(KmsgRecord, RefusesWhatIsNone) {
  const std::string huge = std::to_string(std::numeric_limits<std::uint64_t>::max());
  for (const std::string& text :
       {std::string(), std::string(";"), std::string("6,1,2;no flags"), std::string("6,1,-2,-;negative"),
        std::string("6,x,2,-;text"), std::string("-6,1,2,-;text"), std::string("6 ,1,2,-;text"),
        "6,1," + huge + ",-;time beyond 64 bits", "6,1," + huge + "9,-;more digits", std::string("\0\0\0,;", 5)}) {
    EXPECT_FALSE(parse_kmsg_record(text)) << text;
  }
}

TEST(KmsgRecord, ARecordCutBeforeItsTextIsMalformed) {
  const std::string whole = "6,338,1338231,-;EXT4-fs mounted\n";
  const std::size_t text_at = whole.find(';') + 1;
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_EQ(parse_kmsg_record(whole.substr(0, cut)).has_value(), cut >= text_at) << cut;
  }
}

TEST(KmsgRecord, UnescapesOnlyItsOwnEscapes) {
  EXPECT_EQ(unescape_kmsg("a\\x1b[31m\\x5cx41"), "a\x1b[31m\\x41");
  EXPECT_EQ(unescape_kmsg("\\x"), "\\x");
  EXPECT_EQ(unescape_kmsg("\\x4"), "\\x4");
  EXPECT_EQ(unescape_kmsg("\\xzz\\n"), "\\xzz\\n");
}

}  // namespace
}  // namespace leakscope::sources::kernel_log
