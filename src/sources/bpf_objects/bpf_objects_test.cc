#include "sources/bpf_objects/bpf_objects.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sources/bpf_objects/fdinfo.h"

namespace leakscope::sources::bpf_objects {
namespace {

using model::Metric;
using model::SubjectKind;

std::string capture(const std::string& name) {
  std::ifstream in(std::string(LEAKSCOPE_TESTDATA) + "/fdinfo/" + name, std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST(BpfFdinfo, ReadsMapsAndPrograms) {
  EXPECT_EQ(parse_bpf_fdinfo(capture("6.18-x86_64-map.txt")), (BpfFdinfo{Bytes(4096312), 25, {}}));
  EXPECT_EQ(parse_bpf_fdinfo(capture("6.18-format-made-program.txt"))->memlock, Bytes(4096));
  EXPECT_TRUE(parse_bpf_fdinfo(capture("6.18-format-made-program.txt"))->program_id.has_value());
  EXPECT_EQ(parse_bpf_fdinfo("pos:\t0\n"), (BpfFdinfo{}));
}

TEST(BpfFdinfo, RefusesTheBroken) {
  for (const std::string_view text : {"memlock:\tx\n", "memlock:\t-1\n", "memlock:\n", "memlock:\t40963",
                                      "map_id:\t-1\n", "memlock:\t99999999999999999999\n"}) {
    EXPECT_FALSE(parse_bpf_fdinfo(text)) << text;
  }
  EXPECT_EQ(parse_bpf_fdinfo("pos:\t0\nmemlock:\tx\n").error().line, 2U);
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

class BpfLive : public testing::Test {
 protected:
  void SetUp() override {
    auto source = open_bpf_objects(*RootedDir::open("/"));
    if (!source) GTEST_SKIP() << to_string(source.error());
    source_ = std::move(*source);
  }
  void take() {
    sample_.clear();
    model::SampleSink sink(registry_, sample_);
    const auto result = source_->sample(sink);
    ASSERT_TRUE(result) << to_string(result.error());
  }
  std::optional<std::int64_t> reading(model::SubjectId id, Metric metric) const {
    for (const model::Reading& r : sample_.readings) {
      if (r.subject == id && r.metric == metric) return r.value;
    }
    return std::nullopt;
  }

  // The kernel frees from a work queue, so the id may still be listed for a moment.
  void take_until_retired(model::SubjectId id) {
    for (int i = 0; i < 1000 && !registry_.info(id).retired; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      take();
    }
  }

  std::unique_ptr<Source> source_;
  model::Registry registry_;
  model::Sample sample_;
};

std::uint32_t id_of_map(int fd) {
  bpf_map_info info{};
  std::uint32_t size = sizeof info;
  EXPECT_EQ(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
  return info.id;
}

TEST_F(BpfLive, AMapIsSeenWithItsSizeAndRetiredWhenItIsGone) {
  UniqueFd map(bpf_map_create(BPF_MAP_TYPE_ARRAY, "known_size", 4, 4096, 1000, nullptr));
  if (!map.is_open()) GTEST_SKIP() << "bpf_map_create: " << std::strerror(errno);
  const std::size_t before = open_descriptors();
  take();
  EXPECT_EQ(open_descriptors(), before);
  const auto name = fmt::format("id {} known_size", id_of_map(map.get()));
  const auto id = registry_.find({.kind = SubjectKind::kBpfMap, .name = name});
  ASSERT_TRUE(id) << name;
  // The values and some hundred bytes of struct bpf_array.
  EXPECT_GE(reading(*id, Metric::kBpfMapBytes).value_or(0), 4096 * 1000);
  EXPECT_LT(reading(*id, Metric::kBpfMapBytes).value_or(0), 4096 * 1001);
  EXPECT_GE(reading(model::Registry::machine_id(), Metric::kBpfMapsTotal).value_or(0), 4096 * 1000);
  EXPECT_GE(reading(model::Registry::machine_id(), Metric::kBpfMapsCount).value_or(0), 1);
  EXPECT_EQ(registry_.info(*id).detail, "array, at most 1000 entries of 4 + 4096 bytes");

  map.reset();
  take_until_retired(*id);
  EXPECT_TRUE(registry_.info(*id).retired);
}

TEST_F(BpfLive, AProgramIsSeenAndNotKeptAlive) {
  const std::array<bpf_insn, 2> return_zero{
      bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
      bpf_insn{.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
  UniqueFd program(bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "known_program", "GPL", return_zero.data(),
                                 return_zero.size(), nullptr));
  if (!program.is_open()) GTEST_SKIP() << "bpf_prog_load: " << std::strerror(errno);
  bpf_prog_info info{};
  std::uint32_t size = sizeof info;
  ASSERT_EQ(bpf_obj_get_info_by_fd(program.get(), &info, &size), 0);
  take();
  const auto id =
      registry_.find({.kind = SubjectKind::kBpfProgram, .name = fmt::format("id {} known_program", info.id)});
  ASSERT_TRUE(id);
  EXPECT_EQ(reading(*id, Metric::kBpfProgramBytes), 4096);
  EXPECT_GE(reading(model::Registry::machine_id(), Metric::kBpfProgramsCount).value_or(0), 1);
  program.reset();
  take_until_retired(*id);
  EXPECT_TRUE(registry_.info(*id).retired);
}

TEST(Bpf, CannotBeAskedOfARecordedTree) {
  EXPECT_EQ(open_bpf_objects(*RootedDir::open(LEAKSCOPE_TESTDATA)).error().kind, Error::Kind::kUnsupported);
}

}  // namespace
}  // namespace leakscope::sources::bpf_objects
