#include "sources/procfs/swaps.h"

#include "sources/procfs/test_texts.h"

namespace leakscope::sources::procfs {
namespace {

TEST(Swaps, TellsAMachineWithoutSwapFromAnUnreadableFile) {
  Swaps swaps;
  ASSERT_TRUE(parse_swaps(testdata("swaps/6.18-x86_64-vm-none.txt"), swaps));
  EXPECT_TRUE(swaps.devices.empty());
  EXPECT_TRUE(swaps.whole);
  EXPECT_FALSE(parse_swaps("", swaps));
  EXPECT_FALSE(parse_swaps("/dev/sda2 partition 1 2 3\n", swaps));
}

TEST(Swaps, ReadsNamesSizesAndUse) {
  const std::string text = testdata("swaps/escaped-names-format-made.txt");
  Swaps swaps;
  ASSERT_TRUE(parse_swaps(text, swaps));
  EXPECT_TRUE(swaps.whole);
  ASSERT_EQ(swaps.devices.size(), 3U);
  EXPECT_EQ(swaps.devices[0].escaped_path, "/dev/sda2");
  EXPECT_EQ(swaps.devices[0].size, Bytes::from_kib(8388604));
  EXPECT_EQ(swaps.devices[0].used, Bytes::from_kib(1024));
  EXPECT_EQ(unescape_octal(swaps.devices[1].escaped_path), "/var/swap file\\a");
  EXPECT_EQ(unescape_octal(swaps.devices[2].escaped_path), "/swap (deleted)");
}

TEST(Swaps, ReadsTheColumnsOfNewerKernels) {
  const std::string text = testdata("swaps/5.10-tabs-format-made.txt");
  Swaps swaps;
  ASSERT_TRUE(parse_swaps(text, swaps));
  ASSERT_EQ(swaps.devices.size(), 1U);
  EXPECT_EQ(swaps.devices[0].used, Bytes::from_kib(87400));
}

TEST(Swaps, UndoesNoEscapeThatIsNone) {
  EXPECT_EQ(unescape_octal("\\040\\011\\012\\134"), " \t\n\\");
  EXPECT_EQ(unescape_octal("a\\04"), "a\\04");
  EXPECT_EQ(unescape_octal("\\"), "\\");
  EXPECT_EQ(unescape_octal("\\0x1\\999\\777"), "\\0x1\\999\\777");
  EXPECT_EQ(unescape_octal("\\377"), "\xff");
  EXPECT_EQ(unescape_octal(""), "");
}

TEST(Swaps, KeepsWhatItCanReadOfADamagedText) {
  const std::string head = "Filename Type Size Used Priority\n/dev/a partition 10 1 -2\n";
  for (const char* bad : {"/dev/b partition 10\n", "/dev/b partition x 1 1\n", "/dev/b partition 10 -1 1\n",
                          "/dev/b partition 9223372036854775807 1 1\n", "\n", "/dev/b partition 10 1"}) {
    SCOPED_TRACE(bad);
    const std::string text = head + bad;
    Swaps swaps;
    ASSERT_TRUE(parse_swaps(text, swaps));
    EXPECT_EQ(swaps.devices.size(), 1U);
    EXPECT_FALSE(swaps.whole);
    ASSERT_EQ(swaps.faults.count(), 1U);
    EXPECT_EQ(swaps.faults.first()->line, 3U);
  }
}

}  // namespace
}  // namespace leakscope::sources::procfs
