#pragma once

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "model/metric.h"
#include "sources/procfs/machine_values.h"
#include "sources/test_tree.h"

namespace leakscope::sources::procfs {

[[nodiscard]] inline std::string testdata(const std::string& name) {
  return test_text(std::filesystem::path(LEAKSCOPE_TESTDATA) / name);
}

/// All files of one folder of the test data.
[[nodiscard]] inline std::vector<std::string> all_testdata(const std::string& folder) {
  std::vector<std::string> texts;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(LEAKSCOPE_TESTDATA) / folder)) {
    texts.push_back(test_text(entry.path()));
  }
  EXPECT_FALSE(texts.empty()) << folder;
  return texts;
}

/// Whatever is cut off within a line, no value may come out that the whole text does not have.
template <class Parse>
void expect_no_wrong_value_when_cut(const std::string& whole_text, Parse parse) {
  MachineValues whole;
  ASSERT_TRUE(parse(whole_text, whole));
  std::vector<model::Metric> known;
  for (std::size_t i = 0; i < model::all_metrics().size(); ++i) {
    if (whole.find(static_cast<model::Metric>(i))) known.push_back(static_cast<model::Metric>(i));
  }
  MachineValues cut;
  for (std::size_t size = 0; size < whole_text.size(); ++size) {
    if (size > 0 && whole_text[size - 1] == '\n') continue;
    const bool understood = parse(std::string_view(whole_text).substr(0, size), cut).has_value();
    ASSERT_TRUE(!understood || !cut.faults.empty()) << "cut at " << size;
    std::size_t right = 0;
    for (const model::Metric metric : known) right += cut.find(metric) == whole.find(metric) ? 1U : 0U;
    ASSERT_EQ(right, cut.size()) << "cut at " << size;
  }
}

}  // namespace leakscope::sources::procfs
