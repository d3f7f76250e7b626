#include "cli/program.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace leakscope::cli {
namespace {

/// What standard error is told; the exit code has to be 2.
std::string refusal(const std::vector<std::string>& words) {
  testing::internal::CaptureStderr();
  const int code = run_program(words);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(code, 2) << said;
  return said;
}

TEST(Program, SaysThatACommandIsStillToCome) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"scan", "812"}, {"inspect", "812"}, {"run", "--", "true"}}) {
    const std::string said = refusal(words);
    EXPECT_NE(said.find("leakscope " + words.front() + ": not in this version yet. Until then: "), std::string::npos)
        << said;
  }
}

TEST(Program, TracesTheKernelOnly) {
  EXPECT_NE(refusal({"trace", "812"}).find("leakscope trace 812: processes: not in this version yet"),
            std::string::npos);
  EXPECT_NE(refusal({"trace", "kernels"}).find("can trace 'kernel', not 'kernels'"), std::string::npos);
  EXPECT_NE(refusal({"trace", "kernel", "--sample", "1/3"}).find("a power of two"), std::string::npos);
}

TEST(Program, SaysThatAWordOfShowIsStillToCome) {
  for (const char* word : {"page_owner", "kmemleak", "allocinfo"}) {
    const std::string said = refusal({"show", word});
    EXPECT_NE(said.find("leakscope show " + std::string(word) + ": not in this version yet"), std::string::npos)
        << said;
  }
}

TEST(Program, KnowsNoOtherWord) {
  EXPECT_NE(refusal({"traces"}).find("there is no command 'traces'"), std::string::npos);
  EXPECT_EQ(refusal({"show", "no-such.lsr"}).find("not in this version"), std::string::npos);
}

}  // namespace
}  // namespace leakscope::cli
