#include "sources/process/mappings.h"

#include <gtest/gtest.h>

#include "sources/process/captured.h"

namespace leakscope::sources::process {
namespace {

const MappingGroup& of(const MappingGroups& groups, MappingKind kind) { return groups[static_cast<std::size_t>(kind)]; }

TEST(Mappings, GroupsAThreadedProgram) {
  const std::string text = captured("mappings/6.18-x86_64-threads-smaps.txt");
  const MappingTable table = parse_mappings(text);
  EXPECT_FALSE(table.damage);
  const MappingGroups groups = group_mappings(table.mappings);
  EXPECT_EQ(of(groups, MappingKind::kHeap).count, 1U);
  EXPECT_EQ(of(groups, MappingKind::kHeap).size, 132 * 1024);
  EXPECT_EQ(of(groups, MappingKind::kStack).count, 4U);   // [stack] and three threads
  EXPECT_EQ(of(groups, MappingKind::kShared).count, 3U);  // SysV, memfd, MAP_SHARED
  EXPECT_EQ(of(groups, MappingKind::kShared).rss, (100 + 296 + 512) * 1024);
  EXPECT_EQ(of(groups, MappingKind::kFile).count, 15U);
  EXPECT_EQ(of(groups, MappingKind::kKernel).count, 4U);
  EXPECT_GE(*of(groups, MappingKind::kAnonymous).rss, 4 << 20);
  EXPECT_GE(*of(groups, MappingKind::kAnonymous).uss, 4 << 20);
}

TEST(Mappings, ReadsMapsAsWell) {
  const std::string text = captured("mappings/6.18-x86_64-threads-maps.txt");
  const MappingTable table = parse_mappings(text);
  const MappingGroups groups = group_mappings(table.mappings);
  EXPECT_EQ(of(groups, MappingKind::kStack).count, 4U);
  EXPECT_FALSE(of(groups, MappingKind::kStack).rss);
  EXPECT_EQ(table.mappings.front().path, "/usr/local/bin/zoo");
  EXPECT_EQ(table.mappings.front().inode, 14450692U);
}

TEST(Mappings, FindsGlibcsArenasAndNotGosHeap) {
  const std::string text = captured("mappings/6.18-x86_64-threads-smaps.txt");
  const ArenaShapes arenas = find_arena_shapes(parse_mappings(text).mappings);
  EXPECT_EQ(arenas.count, 3U);
  EXPECT_EQ(arenas.writable, 3 * 0xf6000);
  ASSERT_TRUE(arenas.rss);
  EXPECT_GE(*arenas.rss, 3 * 200 * 4096);
  const MappingTable go = parse_mappings(
      "c000000000-c000400000 rw-p 00000000 00:00 0 \n"
      "c000400000-c004000000 ---p 00000000 00:00 0 \n");
  EXPECT_EQ(find_arena_shapes(go.mappings).count, 0U);
}

TEST(Mappings, TellsKindsByNames) {
  const std::pair<const char*, MappingKind> cases[] = {
      {"1000-2000 rw-p 00000000 00:00 0 [anon:dalvik-main space]\n", MappingKind::kAnonymous},
      {"1000-2000 rw-p 00000000 00:00 0 [anon: glibc: pthread stack: 71]\n", MappingKind::kStack},
      {"1000-2000 rw-p 00000000 00:00 0 [stack:71]\n", MappingKind::kStack},
      {"1000-2000 rw-s 00000000 00:01 9 /anon_hugepage (deleted)\n", MappingKind::kHuge},
      {"1000-2000 rw-s 00000000 00:0e 9 anon_inode:[io_uring]\n", MappingKind::kDevice},
      {"1000-2000 rw-s 00000000 00:06 9 /dev/dri/card0\n", MappingKind::kDevice},
      {"1000-2000 rw-s 00000000 00:18 9 /dev/shm/sem.x\n", MappingKind::kShared},
      {"1000-2000 r--s 00000000 fd:00 9 /srv/a b\\012c\n", MappingKind::kFile},
      {"1000-2000 rw-s 00000000 00:2f 9 /mnt/huge/pool\nVmFlags: rd wr sh mr mw me ms ht\n", MappingKind::kHuge},
  };
  for (const auto& [line, kind] : cases) {
    const MappingTable table = parse_mappings(line);
    ASSERT_EQ(table.mappings.size(), 1U) << line;
    EXPECT_EQ(table.mappings[0].kind, kind) << line;
  }
}

TEST(Mappings, KeepsWhatIsGoodOfADamagedText) {
  const MappingTable table = parse_mappings(
      "1000-2000 rw-p 00000000 00:00 0 [heap]\nRss: 4 kB\nPss: x kB\n"
      "what is this\nRss: 400 kB\n"
      "3000-4000 rw-p 00000000 00:00 0 \nRss: 8 kB\nPss: 1");
  ASSERT_EQ(table.mappings.size(), 2U);
  EXPECT_EQ(table.mappings[0].sums.rss, 4096);
  EXPECT_FALSE(table.mappings[0].sums.pss);
  EXPECT_EQ(table.mappings[1].sums.rss, 8192);
  ASSERT_TRUE(table.damage);
  EXPECT_EQ(table.damage->line, 3U);
  EXPECT_TRUE(parse_mappings("").mappings.empty());
  EXPECT_TRUE(parse_mappings("2000-1000 rw-p 00000000 00:00 0 \n").damage);
}

}  // namespace
}  // namespace leakscope::sources::process
