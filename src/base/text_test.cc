#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/parsed_rows.h"
#include "base/printable.h"
#include "base/text_cursor.h"
#include "base/time.h"

namespace leakscope {
namespace {

TEST(LineCursor, MarksALineThatWasCutInHalf) {
  LineCursor lines("one\n\ntwo");
  EXPECT_EQ(lines.next(), "one");
  EXPECT_EQ(lines.next(), "");
  EXPECT_FALSE(lines.unterminated());
  EXPECT_EQ(lines.next(), "two");
  EXPECT_TRUE(lines.unterminated());
  EXPECT_EQ(lines.number(), 3U);
  EXPECT_FALSE(lines.next());
}

TEST(ParsedRows, LeavesOutWhatDoesNotParseAndTheCutLine) {
  const auto parse = [](std::string_view line) { return parse_number<int>(line); };
  ParsedRows<int> numbers;
  LineCursor lines("1\nx\n3\n4");
  numbers.refill(lines, parse);
  EXPECT_EQ(numbers.rows, (std::vector{1, 3}));
  EXPECT_EQ(numbers.lines_left_out, 1U);
  EXPECT_TRUE(numbers.cut);
  EXPECT_FALSE(numbers.nothing_parsed());
  LineCursor broken("x\n");
  numbers.refill(broken, parse);
  EXPECT_TRUE(numbers.nothing_parsed());
  EXPECT_FALSE(numbers.cut);
  LineCursor empty("");
  numbers.refill(empty, parse);
  EXPECT_FALSE(numbers.nothing_parsed());
}

TEST(FieldCursor, ReadsFieldsAndNumbersAndTheRest) {
  FieldCursor fields("  kmalloc-4k\t12  x7  a b");
  EXPECT_EQ(fields.next(), "kmalloc-4k");
  EXPECT_EQ(fields.next_number<int>(), 12);
  EXPECT_FALSE(fields.next_number<int>());
  EXPECT_EQ(fields.rest(), "a b");
}

TEST(Bytes, PrintsThreeDigits) {
  EXPECT_EQ(to_human(Bytes(0)), "0 B");
  EXPECT_EQ(to_human(Bytes(999)), "999 B");
  EXPECT_EQ(to_human(Bytes::from_kib(1)), "1.00 KiB");
  EXPECT_EQ(to_human(Bytes(1023 * 1024)), "1.00 MiB");
  EXPECT_EQ(to_human(Bytes(-41733325)), "-39.8 MiB");
}

TEST(Printable, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(printable("a\x1b[31mb\n"), "a\\x1b[31mb\\x0a");
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\xe2\\x80\\xae");  // right-to-left override
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");           // C1 CSI
}

TEST(Time, PrintsRfc3339InUtc) {
  EXPECT_EQ(to_rfc3339(WallTime{std::chrono::milliseconds(1'000'000'000'123)}), "2001-09-09T01:46:40.123Z");
}

TEST(Time, PrintsDurationsForPeople) {
  EXPECT_EQ(to_human(std::chrono::seconds(5)), "5.0 s");
  EXPECT_EQ(to_human(std::chrono::minutes(252)), "4 h 12 min");
  EXPECT_EQ(to_human(std::chrono::hours(75)), "3 d 3 h");
}

}  // namespace
}  // namespace leakscope
