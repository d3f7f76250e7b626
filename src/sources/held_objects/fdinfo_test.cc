#include "sources/held_objects/fdinfo.h"

#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace leakscope::sources::held_objects {
namespace {

std::string read_testdata(const std::string& name) {
  std::ifstream in(std::string(LEAKSCOPE_TESTDATA) + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(FdTarget, TellsTheKinds) {
  using Kind = FdTarget::Kind;
  const struct {
    std::string_view target;
    Kind kind;
    std::uint64_t inode;
  } cases[] = {
      {"socket:[66100]", Kind::kSocket, 66100},
      {"pipe:[66045]", Kind::kPipe, 66045},
      {"anon_inode:inotify", Kind::kInotify, 0},
      {"anon_inode:bpf-map", Kind::kBpfMap, 0},
      {"anon_inode:bpf-prog", Kind::kOtherAnon, 0},
      {"anon_inode:[eventpoll]", Kind::kOtherAnon, 0},
      {"net:[4026531840]", Kind::kOtherAnon, 0},
      {"/memfd:x (deleted)", Kind::kMemfd, 0},
      {"/dev/shm/a (deleted)", Kind::kMemfd, 0},
      {"/SYSV00000000 (deleted)", Kind::kMemfd, 0},
      {"/dev/shm/a", Kind::kFile, 0},
      {"/tmp/a (deleted)", Kind::kFile, 0},
      {"/socket:[1]", Kind::kFile, 0},
      {"socket:[", Kind::kOtherAnon, 0},
      {"socket:[99999999999999999999]", Kind::kOtherAnon, 0},
      {"", Kind::kOtherAnon, 0},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(classify_fd_target(c.target).kind, c.kind) << c.target;
    EXPECT_EQ(classify_fd_target(c.target).inode, c.inode) << c.target;
  }
}

TEST(InotifyCounter, CountsTheSameHoweverTheFileIsCutIntoPieces) {
  const std::string text = read_testdata("fdinfo/6.18-x86_64-inotify.txt");
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    InotifyCounter counter;
    for (std::size_t at = 0; at < text.size(); at += piece) counter.feed(std::string_view(text).substr(at, piece));
    ASSERT_EQ(counter.watches(), 3) << piece;
  }
}

TEST(InotifyCounter, CountsOnlyLinesThatBeginSo) {
  InotifyCounter counter;
  counter.feed("x inotify wd:1\ninotify  wd:1\ninotify wd\n\ninotify wd:");
  EXPECT_EQ(counter.watches(), 1);
}

TEST(BpfMapFdinfo, TakesIdAndMemory) {
  const auto map = parse_bpf_map_fdinfo(read_testdata("fdinfo/6.18-x86_64-bpf-map.txt"));
  ASSERT_TRUE(map);
  EXPECT_TRUE(map->id);
  EXPECT_GT(map->memlock.value_or(0), 0);
}

TEST(BpfMapFdinfo, AbsentIsNothingAndWrongIsNamed) {
  EXPECT_EQ(parse_bpf_map_fdinfo("pos:\t0\n")->id, std::nullopt);
  EXPECT_EQ(parse_bpf_map_fdinfo("")->memlock, std::nullopt);
  for (const char* text : {"memlock:\t-4\n", "map_id:\tx\n", "memlock:\t99999999999999999999\n", "memlock:\t40"}) {
    EXPECT_FALSE(parse_bpf_map_fdinfo(text)) << text;
  }
}

TEST(EffectiveUid, IsTheSecondNumber) {
  EXPECT_EQ(parse_effective_uid("Name:\tx\nUid:\t1000\t33\t0\t0\n").value(), 33U);
  EXPECT_FALSE(parse_effective_uid("Name:\tx\n"));
  EXPECT_FALSE(parse_effective_uid("Uid:\t1000\n"));
}

}  // namespace
}  // namespace leakscope::sources::held_objects
