#include "sources/probes/capabilities.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace leakscope::sources::probes {
namespace {

using State = model::Coverage::State;

class Tree {
 public:
  Tree() {
    std::string name = (std::filesystem::temp_directory_path() / "leakscope-probes-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  ~Tree() { std::filesystem::remove_all(path_); }
  void add(const std::string& file, const std::string& text = {}) const {
    std::filesystem::create_directories((path_ / file).parent_path());
    std::ofstream(path_ / file) << text;
  }
  [[nodiscard]] RootedDir root() const { return *RootedDir::open(path_.string()); }

 private:
  std::filesystem::path path_;
};

State state_of(const std::vector<model::Coverage>& all, std::string_view source) {
  const auto found = std::ranges::find(all, source, &model::Coverage::source);
  EXPECT_NE(found, all.end()) << source;
  return found == all.end() ? State::kPartial : found->state;
}

TEST(Witnesses, AreFoundByTheirFiles) {
  const Tree tree;
  tree.add("sys/kernel/debug/page_owner");
  tree.add("proc/allocinfo");
  const auto all = probe_kernel_witnesses(tree.root());
  EXPECT_EQ(state_of(all, "page_owner"), State::kOk);
  EXPECT_EQ(state_of(all, "allocinfo"), State::kOk);
  EXPECT_EQ(state_of(all, "kmemleak"), State::kAbsent);
  EXPECT_EQ(state_of(all, "kcore"), State::kAbsent);
}

TEST(Witnesses, SayThatDebugfsIsNotMountedInsteadOfBlamingTheKernel) {
  const Tree tree;
  tree.add("proc/kcore");
  for (const auto& coverage : probe_kernel_witnesses(tree.root())) {
    if (coverage.source == "page_owner") {
      EXPECT_EQ(coverage.remedy, "mount -t debugfs none /sys/kernel/debug");
    }
  }
}

TEST(Witnesses, YamaLevelThreeIsDeniedEvenToRoot) {
  const Tree tree;
  tree.add("proc/sys/kernel/yama/ptrace_scope", "3\n");
  EXPECT_EQ(state_of(probe_kernel_witnesses(tree.root()), "process_memory"), State::kDenied);
}

TEST(Bpf, IsNotAskedOfARecordedTree) {
  const Tree tree;
  EXPECT_TRUE(probe_bpf(tree.root()).empty());
}

TEST(Bpf, GivesAnAnswerForEveryKindOnTheLiveMachine) {
  const auto all = probe_bpf(*RootedDir::open("/"));
  EXPECT_EQ(all.size(), 8U);
  for (const auto& coverage : all) {
    EXPECT_EQ(coverage.why.empty(), coverage.state == State::kOk) << coverage.source;
  }
}

}  // namespace
}  // namespace leakscope::sources::probes
