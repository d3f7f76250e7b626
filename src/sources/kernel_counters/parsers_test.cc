#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "sources/kernel_counters/fs_counters.h"
#include "sources/kernel_counters/modules.h"
#include "sources/kernel_counters/sockstat.h"
#include "sources/kernel_counters/sysvipc.h"

namespace leakscope::sources::kernel_counters {
namespace {

std::string capture(const std::string& name) {
  std::ifstream in(std::string(LEAKSCOPE_TESTDATA) + "/" + name, std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST(Sockstat, ReadsBothFamilies) {
  const auto v4 = parse_sockstat(capture("sockstat/6.18-x86_64-idle-v4.txt"));
  ASSERT_TRUE(v4) << to_string(v4.error());
  EXPECT_TRUE(v4->sockets_used.has_value());
  EXPECT_EQ(v4->tcp_orphan, 0);
  EXPECT_TRUE(v4->tcp_mem.has_value());
  EXPECT_EQ(v4->frag_memory, Bytes(0));
  const auto v6 = parse_sockstat(capture("sockstat/6.18-x86_64-idle-v6.txt"));
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->tcp_inuse, 0);
  EXPECT_EQ(v6->frag_memory, Bytes(0));
  EXPECT_EQ(v6->sockets_used, std::nullopt);
  EXPECT_EQ(v6->tcp_mem, std::nullopt);
}

TEST(Sockstat, SkipsTheUnknownAndRefusesTheBroken) {
  const auto some = parse_sockstat("TCP: inuse 7 future 9\nMPTCP: inuse 3\n");
  ASSERT_TRUE(some);
  EXPECT_EQ(some->tcp_inuse, 7);
  EXPECT_EQ(some->udp_inuse, std::nullopt);
  for (const std::string_view text : {"", "TCP: inuse\n", "TCP: inuse x\n", "TCP: inuse 99999999999999999999\n",
                                      "TCP: inuse 12", "no colon\n", "\xff\n"}) {
    EXPECT_FALSE(parse_sockstat(text)) << text;
  }
  EXPECT_EQ(parse_sockstat("sockets: used 3\nTCP: inuse\n").error().line, 2U);
}

TEST(Sockstat, IsNeverReadFromHalfAFile) {
  const std::string text = capture("sockstat/6.18-x86_64-idle-v4.txt");
  for (std::size_t length = 0; length < text.size(); ++length) {
    const auto part = parse_sockstat(std::string_view(text).substr(0, length));
    EXPECT_EQ(part.has_value(), length > 0 && text[length - 1] == '\n') << length;
  }
}

TEST(FsCounters, ReadsTheFilesOfARealMachine) {
  const auto dentry = parse_dentry_state(capture("fs_counters/6.18-x86_64-dentry-state.txt"));
  ASSERT_TRUE(dentry);
  EXPECT_GT(dentry->total, dentry->unused);
  EXPECT_GT(dentry->negative.value_or(0), 0);
  EXPECT_GT(parse_inode_nr(capture("fs_counters/6.18-x86_64-inode-nr.txt"))->total, 1000);
  EXPECT_EQ(parse_file_nr(capture("fs_counters/6.18-x86_64-file-nr.txt"))->max, 2466177);
  EXPECT_EQ(parse_nth(capture("fs_counters/6.18-x86_64-sem.txt"), 3), 32000);
}

TEST(FsCounters, KernelsBefore50DoNotTellNegativeDentries) {
  const auto dentry = parse_dentry_state(capture("fs_counters/4.19-format-made-dentry-state.txt"));
  ASSERT_TRUE(dentry);
  EXPECT_EQ(*dentry, (DentryState{41243, 40990, std::nullopt}));
}

TEST(FsCounters, RefuseWhatIsCutOrNoNumber) {
  for (const std::string_view text : {"", "\n", "1", "1\t2\t3\t4\t5", "x\n", "1\t2\t3\t4\n", "1 2 3 4 5x\n"}) {
    EXPECT_FALSE(parse_dentry_state(text)) << text;
  }
  EXPECT_FALSE(parse_single("327"));
  EXPECT_FALSE(parse_single("-\n"));
  EXPECT_EQ(parse_single("32768\n"), 32768);
  EXPECT_FALSE(parse_nth("1 2 3\n", 3));
}

TEST(Sysvipc, ReadsTheTablesOfARealMachine) {
  IpcTable<ShmSegment> shm;
  ASSERT_TRUE(parse_sysv_shm(capture("sysvipc/6.18-x86_64-shm.txt"), shm));
  ASSERT_EQ(shm.rows.size(), 2U);
  EXPECT_EQ(shm.rows[1].size, Bytes(8388608));
  EXPECT_EQ(shm.rows[1].rss, Bytes(0));
  EXPECT_EQ(shm.rows[1].key, static_cast<std::uint32_t>(-1006194665));
  EXPECT_EQ(shm.rows[1].attached, 0);
  EXPECT_TRUE(shm.rows[1].creator.has_value());
  IpcTable<MessageQueue> msg;
  ASSERT_TRUE(parse_sysv_msg(capture("sysvipc/6.18-x86_64-msg.txt"), msg));
  ASSERT_EQ(msg.rows.size(), 1U);
  EXPECT_EQ(msg.rows[0].bytes, Bytes(0));
  IpcTable<SemaphoreSet> sem;
  ASSERT_TRUE(parse_sysv_sem(capture("sysvipc/6.18-x86_64-sem.txt"), sem));
  EXPECT_EQ(sem.rows.at(0).semaphores, 5);
}

TEST(Sysvipc, WithoutTheColumnResidenceIsUnknown) {
  IpcTable<ShmSegment> shm;
  ASSERT_TRUE(parse_sysv_shm(capture("sysvipc/2.6.18-format-made-shm.txt"), shm));
  ASSERT_EQ(shm.rows.size(), 2U);
  EXPECT_EQ(shm.rows[0].rss, std::nullopt);
  EXPECT_EQ(shm.rows[0].attached, 2);
  EXPECT_EQ(shm.rows[1].size, Bytes(134217728));
}

TEST(Sysvipc, LeavesBrokenLinesOutAndRefusesOtherFiles) {
  const std::string header = "key shmid perms size cpid lpid nattch rss swap\n";
  IpcTable<ShmSegment> shm;
  for (const std::string_view line : {"1 2 600 4096 1 1", "1 2 600 -4096 1 1 0 0 0", "1 x 600 4096 1 1 0 0 0",
                                      "1 2 600 99999999999999999999 1 1 0 0 0", "1 2 600 4096 1 1 0 x 0"}) {
    ASSERT_TRUE(parse_sysv_shm(header + std::string(line) + "\n", shm)) << line;
    EXPECT_TRUE(shm.rows.empty()) << line;
    EXPECT_EQ(shm.lines_left_out, 1U) << line;
  }
  ASSERT_TRUE(parse_sysv_shm(header + "1 2 600 4096 1 1 0 0 0", shm));
  EXPECT_TRUE(shm.cut);
  EXPECT_TRUE(shm.rows.empty());
  EXPECT_FALSE(parse_sysv_shm("", shm));
  EXPECT_FALSE(parse_sysv_shm("key shmid", shm));
  EXPECT_FALSE(parse_sysv_shm("MemTotal: 1 kB\n", shm));
}

TEST(Modules, ReadsEveryForm) {
  const std::string text = capture("modules/6.1-format-made.txt");
  Modules modules;
  ASSERT_TRUE(parse_modules(text, modules));
  ASSERT_EQ(modules.rows.size(), 4U);
  EXPECT_EQ(modules.rows[0], (Module{"nf_tables", Bytes(303104), 126, "Live", ""}));
  EXPECT_EQ(modules.rows[1], (Module{"leaky", Bytes(16384), 0, "Live", "OE"}));
  EXPECT_EQ(modules.rows[2].state, "Loading");
  EXPECT_EQ(modules.rows[3].users, std::nullopt);
}

TEST(Modules, NoModuleIsAnAnswerAndRubbishIsNot) {
  Modules modules;
  EXPECT_TRUE(parse_modules("", modules));
  EXPECT_FALSE(parse_modules("a b c d e\n", modules));
  EXPECT_FALSE(parse_modules("a 1 0 - Live 0x0", modules));
  EXPECT_FALSE(parse_modules("a -1 0 - Live 0x0\n", modules));
  ASSERT_TRUE(parse_modules("a 1 0 - Live 0x0\nb 1\nc 1 0 - Li", modules));
  EXPECT_EQ(modules.rows.size(), 1U);
  EXPECT_EQ(modules.lines_left_out, 1U);
  EXPECT_TRUE(modules.cut);
}

}  // namespace
}  // namespace leakscope::sources::kernel_counters
