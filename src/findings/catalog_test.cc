#include "findings/catalog.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace leakscope::findings {
namespace {

std::set<std::string> ids_of_catalog() {
  std::set<std::string> ids;
  for (const CatalogEntry& entry : catalog()) EXPECT_TRUE(ids.insert(std::string(entry.id)).second) << entry.id;
  return ids;
}

TEST(Catalog, EveryIdHasItsPageAndEveryPageItsId) {
  std::set<std::string> pages;
  for (const auto& file : std::filesystem::directory_iterator(LEAKSCOPE_FINDING_PAGES)) {
    const std::string name = file.path().filename().string();
    if (name != "README.md") pages.insert(name.substr(0, name.size() - 3));
  }
  EXPECT_EQ(pages, ids_of_catalog());
}

/// The ids that rules give to their findings: literals in their sources but those that are compared, or looked for
/// among what was told before.
std::set<std::string> ids_that_rules_give() {
  std::set<std::string> ids;
  for (const auto& file : std::filesystem::directory_iterator(LEAKSCOPE_RULES)) {
    if (file.path().extension() != ".cc" || file.path().string().ends_with("_test.cc")) continue;
    std::ifstream source(file.path());
    const std::string text{std::istreambuf_iterator<char>(source), std::istreambuf_iterator<char>()};
    for (const CatalogEntry& entry : catalog()) {
      const std::string literal = "\"" + std::string(entry.id) + "\"";
      for (std::size_t at = text.find(literal); at != std::string::npos; at = text.find(literal, at + 1)) {
        const std::string before = text.substr(0, at);
        if (!before.ends_with("== ") && !before.ends_with("(drafts, ")) ids.emplace(entry.id);
      }
    }
  }
  return ids;
}

TEST(Catalog, EveryIdIsGivenByARule) { EXPECT_EQ(ids_that_rules_give(), ids_of_catalog()); }

TEST(Catalog, EveryPageSaysWhatItMustSay) {
  for (const CatalogEntry& entry : catalog()) {
    std::ifstream page(std::string(LEAKSCOPE_FINDING_PAGES) + "/" + std::string(entry.id) + ".md");
    const std::string text{std::istreambuf_iterator<char>(page), std::istreambuf_iterator<char>()};
    EXPECT_EQ(text.find("# " + std::string(entry.id)), 0U) << entry.id;
    for (const char* part : {"\n## Meaning\n", "\n## Evidence\n", "\n## Look-alikes\n", "\n## What to do\n"}) {
      EXPECT_NE(text.find(part), std::string::npos) << entry.id << " lacks " << part;
    }
  }
}

TEST(Catalog, NextStepsAreSafeToPaste) {
  model::SubjectInfo subject;
  subject.key = {model::SubjectKind::kSlabCache, "x'; rm -rf /"};
  const auto steps = next_steps(catalog_entry("kernel.slab.growth"), subject);
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0], "leakscope trace kernel --cache 'x'\\''; rm -rf /' --for 60s");
}

TEST(Catalog, NextStepsThatNeedAPidAreLeftOutWithoutOne) {
  const model::SubjectInfo group{.key = {model::SubjectKind::kGroup, "nginx"}};
  EXPECT_EQ(next_steps(catalog_entry("user.anon"), group), std::vector<std::string>{"leakscope status"});
}

TEST(Catalog, TitlesNameTheSubject) {
  Finding finding;
  finding.id = "user.anon";
  finding.subject.key = {model::SubjectKind::kProcess, "postgres", ProcessId{Pid{812}, StartTime{5}}};
  EXPECT_EQ(title_of(finding), "process 812 (postgres)");
  finding.subject.key = {model::SubjectKind::kGroup, "nginx in nginx.service"};
  EXPECT_EQ(title_of(finding), "group nginx in nginx.service");
}

}  // namespace
}  // namespace leakscope::findings
