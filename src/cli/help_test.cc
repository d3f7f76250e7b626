#include "cli/help.h"

#include <gtest/gtest.h>

#include "base/testing/golden.h"

namespace leakscope::cli {
namespace {

std::string golden(std::string_view name) {
  return std::string(LEAKSCOPE_TESTDATA "/help/") + std::string(name) + ".txt";
}

TEST(Help, OfTheProgram) { expect_golden(golden("leakscope"), program_help()); }

TEST(Help, OfEveryCommand) {
  for (const Command& command : commands()) expect_golden(golden(command.name), command_help(command));
}

TEST(Help, EveryCommandHasExamplesAndExitCodes) {
  for (const Command& command : commands()) {
    EXPECT_GE(command.examples.size(), 2U) << command.name;
    EXPECT_FALSE(command.exit_codes.empty()) << command.name;
  }
}

TEST(Completion, KnowsEveryCommandAndFlag) {
  const std::string script = bash_completion();
  for (const Command& command : commands()) {
    EXPECT_NE(script.find(command.name), std::string::npos);
    for (const Flag& flag : command.flags) EXPECT_NE(script.find(flag.name), std::string::npos) << flag.name;
  }
}

}  // namespace
}  // namespace leakscope::cli
