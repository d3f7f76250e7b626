#include "session/subject_tables.h"

#include <algorithm>
#include <memory>

#include <gtest/gtest.h>

namespace leakscope::session {
namespace {

using model::Metric;
using model::SubjectKind;

/// One sample of a group and a zram device.
std::vector<report::Table> tables_of(bool with_pss) {
  const auto registry = std::make_shared<model::Registry>();
  const model::SubjectId group = registry->intern(model::SubjectKey{SubjectKind::kGroup, "made in made.service"});
  const model::SubjectId zram = registry->intern(model::SubjectKey{SubjectKind::kZramDevice, "zram0"});
  model::Sample sample;
  model::SampleSink sink(*registry, sample);
  sink.put(group, Metric::kGroupRssAnon, 8192);
  if (with_pss) sink.put(group, Metric::kGroupPss, 4096);
  sink.put(zram, Metric::kZramMemUsed, 100);
  sink.put(zram, Metric::kZramOrigData, 300);
  model::Observation observation(registry);
  observation.add(sample);
  return largest_subjects(observation, 10);
}

const report::Table& table(const std::vector<report::Table>& tables, std::string_view id) {
  const auto found = std::ranges::find(tables, id, &report::Table::id);
  EXPECT_NE(found, tables.end()) << id;
  return found == tables.end() ? tables.front() : *found;
}

TEST(SubjectTables, GroupsHaveThePssThatWasMeasured) {
  const auto with = tables_of(true);
  const report::Table& groups = table(with, "groups");
  const auto pss = std::ranges::find(groups.columns, "pss", &report::Column::id);
  ASSERT_NE(pss, groups.columns.end());
  EXPECT_EQ(groups.rows.at(0).size(), groups.columns.size());
  EXPECT_EQ(groups.rows.at(0).at(static_cast<std::size_t>(pss - groups.columns.begin())),
            report::Cell(std::int64_t{4096}));
  const auto without = tables_of(false);
  const report::Table& bare = table(without, "groups");
  EXPECT_EQ(std::ranges::find(bare.columns, "pss", &report::Column::id), bare.columns.end());
  EXPECT_EQ(bare.rows.at(0).size(), bare.columns.size());
}

TEST(SubjectTables, ZramIsShownWithWhatItHolds) {
  const auto tables = tables_of(false);
  const report::Table& zram = table(tables, "zram_devices");
  ASSERT_EQ(zram.rows.size(), 1U);
  EXPECT_EQ(zram.rows[0], (std::vector<report::Cell>{"zram0", std::int64_t{100}, std::int64_t{300}}));
  EXPECT_EQ(metric_of_column("zram_devices", "orig_data"), Metric::kZramOrigData);
}

}  // namespace
}  // namespace leakscope::session
