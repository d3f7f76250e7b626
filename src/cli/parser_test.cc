#include "cli/parser.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace leakscope::cli {
namespace {

const Command& command(std::string_view name) { return *std::ranges::find(commands(), name, &Command::name); }

Result<Arguments> parse(std::string_view name, const std::vector<std::string>& words) {
  return Parser::parse(command(name), words);
}

TEST(Parser, TakesValuesInBothForms) {
  const auto arguments = parse("diagnose", {"--for=10m", "--interval", "2s", "-o", "out.json", "--json"});
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->value("--for"), "10m");
  EXPECT_EQ(arguments->value("--interval"), "2s");
  EXPECT_EQ(arguments->value("--output"), "out.json");
  EXPECT_TRUE(arguments->has("--json"));
  EXPECT_FALSE(arguments->has("--force"));
}

TEST(Parser, TheLastOfSeveralCounts) {
  EXPECT_EQ(parse("diagnose", {"--for", "1s", "--for", "2s"})->value("--for"), "2s");
}

TEST(Parser, TakesSeveralRecordings) {
  EXPECT_EQ(parse("diagnose", {"--from", "a", "b", "--from", "c"})->values("--from"),
            (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(parse("diagnose", {"--from", "-"})->value("--from"), "-");
}

TEST(Parser, PositionalsStandAnywhere) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--top", "3", "a", "b"}, {"a", "--top", "3", "b"}, {"a", "b", "--top", "3"}, {"--top=3", "a", "--", "b"}}) {
    const auto arguments = parse("diff", words);
    ASSERT_TRUE(arguments) << to_string(arguments.error());
    EXPECT_EQ(arguments->value("--top"), "3");
    EXPECT_EQ(arguments->positionals(), (std::vector<std::string>{"a", "b"}));
  }
  EXPECT_FALSE(parse("diff", {"a", "b", "c"}));
}

TEST(Parser, AFlagOfTheCommandStandsInPlaceOfTheCommonOne) {
  EXPECT_EQ(parse("show", {"a.lsr", "--format", "ndjson"})->value("--format"), "ndjson");
  EXPECT_FALSE(parse("status", {"--format", "ndjson"}));
}

TEST(Parser, TakesACommandBehindDashesAsItIs) {
  const auto arguments = parse("diagnose", {"--rounds", "3", "--", "sh", "-c", "exit 1", "--", "--json"});
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->value("--rounds"), "3");
  EXPECT_FALSE(arguments->has("--json"));
  EXPECT_EQ(arguments->positionals(), (std::vector<std::string>{"sh", "-c", "exit 1", "--", "--json"}));
}

TEST(Parser, RefusesWhatItDoesNotKnow) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--fro", "x"}, {"--for"}, {"stray"}, {"--json=no"}, {"--format", "xml"}, {"--from"}, {"-x"}}) {
    const auto arguments = parse("diagnose", words);
    ASSERT_FALSE(arguments) << words.front();
    EXPECT_EQ(arguments.error().kind, Error::Kind::kUsage);
  }
}

}  // namespace
}  // namespace leakscope::cli
