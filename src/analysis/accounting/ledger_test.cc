#include "analysis/accounting/ledger.h"

#include <array>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "analysis/accounting/accounts.h"

namespace leakscope::analysis::accounting {
namespace {

using model::Ledger;
using model::LedgerRow;
using model::Metric;
using model::Observation;
using model::Registry;
using model::Sample;
using model::SubjectKind;

constexpr std::int64_t kPage = 4096;
using Values = std::vector<std::pair<Metric, std::int64_t>>;

class Machine {
 public:
  Machine() : registry_(std::make_shared<Registry>()), observation_(registry_) {}

  Machine& at(int second, const Values& values) {
    Sample sample;
    sample.time.boot = BootTime{std::chrono::seconds(second)};
    for (const auto& [metric, value] : values) sample.readings.push_back({Registry::machine_id(), metric, value});
    observation_.add(sample);
    return *this;
  }
  Machine& subject(int second, SubjectKind kind, std::string name, const Values& values) {
    Sample sample;
    sample.time.boot = BootTime{std::chrono::seconds(second)};
    const model::SubjectId id = registry_->intern(model::SubjectKey{kind, std::move(name)});
    for (const auto& [metric, value] : values) sample.readings.push_back({id, metric, value});
    observation_.add(sample);
    return *this;
  }
  [[nodiscard]] const Observation& observation() const { return observation_; }
  [[nodiscard]] Registry& registry() { return *registry_; }
  [[nodiscard]] Ledger ledger(std::optional<BootTime> time = {}) const { return machine_ledger(observation_, time); }

 private:
  std::shared_ptr<Registry> registry_;
  Observation observation_;
};

std::optional<std::int64_t> bytes_of(const std::vector<LedgerRow>& rows, std::string_view id) {
  for (const LedgerRow& row : rows) {
    if (row.id == id) return row.bytes.count();
  }
  return std::nullopt;
}

/// Linux 6.18, 2 CPUs: zoneinfo, vmstat, meminfo and slabinfo read at once on an idle machine.
Values idle_machine() {
  return {{Metric::kZoneinfoManaged, 1399349 * kPage},
          {Metric::kZoneinfoPresent, 6291358 * kPage},
          {Metric::kZoneinfoPcp, 22610 * kPage},
          {Metric::kMeminfoMemTotal, std::int64_t{24684092} * 1024},
          {Metric::kVmstatFreePages, 1161532 * kPage},
          {Metric::kVmstatInactiveAnon, 5204 * kPage},
          {Metric::kVmstatActiveAnon, 395 * kPage},
          {Metric::kVmstatInactiveFile, 84099 * kPage},
          {Metric::kVmstatActiveFile, 88147 * kPage},
          {Metric::kVmstatUnevictable, 5373 * kPage},
          {Metric::kVmstatAnonPages, 8809 * kPage},
          {Metric::kVmstatFilePages, 174474 * kPage},
          {Metric::kVmstatShmem, 2214 * kPage},
          {Metric::kVmstatSwapCached, 0},
          {Metric::kMeminfoBuffers, 4432 * 1024},
          {Metric::kVmstatSlabReclaimable, 17224 * kPage},
          {Metric::kVmstatSlabUnreclaimable, 6263 * kPage},
          {Metric::kSlabTotalBytes, 21845 * kPage},
          {Metric::kVmstatKernelStack, 1520 * 1024},
          {Metric::kVmstatPageTables, 444 * kPage},
          {Metric::kMeminfoVmallocUsed, 16440 * 1024},
          {Metric::kVmallocStackPages, 392 * kPage},
          {Metric::kVmallocTotalPages, 4110 * kPage},
          {Metric::kMeminfoPercpu, 888 * 1024},
          {Metric::kPercpuFirstChunk, 424 * 1024},
          {Metric::kBootTables, 11312 * 1024},
          {Metric::kVmstatMemmapBootPages, 98304 * kPage}};
}

TEST(Ledger, ClosesOnAnIdleMachine) {
  const Ledger ledger = Machine().at(1, idle_machine()).ledger();
  ASSERT_TRUE(ledger.total);
  const std::int64_t rest = ledger.unattributed()->count();
  EXPECT_LT(std::abs(rest), 4 << 20);
  EXPECT_EQ(bytes_of(ledger.rows, "user.shared"), 2214 * kPage);
  EXPECT_EQ(bytes_of(ledger.rows, "kernel.large_kmalloc"), 1642 * kPage);
  EXPECT_EQ(bytes_of(ledger.rows, "kernel.slab_unreclaimable"), (6263 - 1642) * kPage);
  EXPECT_EQ(bytes_of(ledger.rows, "kernel.percpu"), 464 * 1024);
  EXPECT_EQ(bytes_of(ledger.rows, "kernel.vmalloc"), (16440 - 1520) * 1024);
  EXPECT_EQ(bytes_of(ledger.outside, "outside.memmap"), 98304 * kPage);
  std::int64_t outside = 0;
  for (const LedgerRow& row : ledger.outside) outside += row.bytes.count();
  EXPECT_EQ(outside, (6291358 - 1399349) * kPage);
  ASSERT_EQ(ledger.notes.size(), 1U);
  EXPECT_NE(ledger.notes[0].find("MemTotal says"), std::string::npos);
}

TEST(Ledger, IsBuiltFromMeminfoAloneWhereNothingElseCanBeRead) {
  const Ledger ledger = Machine()
                            .at(1, {{Metric::kMeminfoMemTotal, 1000 * kPage},
                                    {Metric::kMeminfoMemFree, 500 * kPage},
                                    {Metric::kMeminfoCached, 200 * kPage},
                                    {Metric::kMeminfoBuffers, 10 * kPage},
                                    {Metric::kMeminfoShmem, 50 * kPage},
                                    {Metric::kMeminfoAnonPages, 100 * kPage},
                                    {Metric::kMeminfoSReclaimable, 30 * kPage},
                                    {Metric::kMeminfoSUnreclaim, 40 * kPage}})
                            .ledger();
  EXPECT_EQ(bytes_of(ledger.rows, "cache.files"), 150 * kPage);
  EXPECT_EQ(bytes_of(ledger.rows, "user.shared"), 50 * kPage);
  EXPECT_EQ(ledger.unattributed()->count(), 120 * kPage);
  EXPECT_FALSE(bytes_of(ledger.rows, "free.pcp"));
  ASSERT_EQ(ledger.notes.size(), 1U);
}

TEST(Ledger, CountsMappedSwapCacheOnce) {
  const Ledger ledger = Machine()
                            .at(1, {{Metric::kZoneinfoManaged, 1000 * kPage},
                                    {Metric::kVmstatAnonPages, 300 * kPage},
                                    {Metric::kVmstatFilePages, 200 * kPage},
                                    {Metric::kVmstatSwapCached, 100 * kPage},
                                    {Metric::kVmstatShmem, 20 * kPage},
                                    {Metric::kVmstatInactiveAnon, 320 * kPage},
                                    {Metric::kVmstatActiveAnon, 0},
                                    {Metric::kVmstatInactiveFile, 110 * kPage},
                                    {Metric::kVmstatActiveFile, 0},
                                    {Metric::kVmstatUnevictable, 0}})
                            .ledger();
  EXPECT_EQ(bytes_of(ledger.rows, "cache.swap"), 30 * kPage);
  EXPECT_EQ(ledger.attributed().count(), 430 * kPage);
}

TEST(Ledger, ShowsPagesThatNobodyMapsAnyMore) {
  const Ledger ledger = Machine()
                            .at(1, {{Metric::kZoneinfoManaged, 1000 * kPage},
                                    {Metric::kVmstatAnonPages, 100 * kPage},
                                    {Metric::kVmstatFilePages, 100 * kPage},
                                    {Metric::kVmstatInactiveAnon, 150 * kPage},
                                    {Metric::kVmstatActiveAnon, 0},
                                    {Metric::kVmstatInactiveFile, 100 * kPage},
                                    {Metric::kVmstatActiveFile, 0},
                                    {Metric::kVmstatUnevictable, 0}})
                            .ledger();
  EXPECT_EQ(bytes_of(ledger.rows, "user.unmapped"), 50 * kPage);
}

TEST(Ledger, TakesVmallocFromItsAreasWhereTheCounterReadsZero) {
  const Ledger ledger = Machine()
                            .at(1, {{Metric::kZoneinfoManaged, 1000 * kPage},
                                    {Metric::kMeminfoVmallocUsed, 0},
                                    {Metric::kVmallocTotalPages, 70 * kPage},
                                    {Metric::kVmallocStackPages, 0},
                                    {Metric::kMeminfoKernelStack, 30 * kPage}})
                            .ledger();
  EXPECT_EQ(bytes_of(ledger.rows, "kernel.vmalloc"), 70 * kPage);
  EXPECT_EQ(bytes_of(ledger.rows, "kernel.stacks"), 30 * kPage);
}

TEST(Ledger, SaysWhenStacksWereOnlyInferred) {
  const Ledger ledger = Machine()
                            .at(1, {{Metric::kZoneinfoManaged, 1000 * kPage},
                                    {Metric::kMeminfoVmallocUsed, 70 * kPage},
                                    {Metric::kMeminfoKernelStack, 30 * kPage}})
                            .ledger();
  EXPECT_EQ(bytes_of(ledger.rows, "kernel.vmalloc"), 40 * kPage);
  ASSERT_EQ(ledger.notes.size(), 1U);
  EXPECT_NE(ledger.notes[0].find("VMAP_STACK"), std::string::npos);
}

TEST(Ledger, LeavesTheFirstPercpuChunkOutside) {
  const Values base{{Metric::kZoneinfoManaged, 1000 * kPage}, {Metric::kMeminfoPercpu, 100 * kPage}};
  Machine unknown;
  EXPECT_EQ(bytes_of(unknown.at(1, base).ledger().rows, "kernel.percpu"), 100 * kPage);
  EXPECT_EQ(unknown.ledger().notes.size(), 1U);

  Machine only_first;
  only_first.at(1, base).at(1, {{Metric::kVmallocTotalPages, kPage}});
  EXPECT_EQ(bytes_of(only_first.ledger().rows, "kernel.percpu"), 0);
  EXPECT_TRUE(only_first.ledger().notes.empty());

  Machine further;
  further.at(1, base).at(1, {{Metric::kVmallocTotalPages, kPage}});
  further.subject(1, SubjectKind::kVmallocCaller, "pcpu_get_vm_areas", {{Metric::kVmallocAreas, 1}});
  EXPECT_EQ(bytes_of(further.ledger().rows, "kernel.percpu"), 100 * kPage);
}

TEST(Ledger, CountsABalloonOnlyWhereItsPagesAreMissingInside) {
  const Values base{{Metric::kZoneinfoManaged, 1000 * kPage},
                    {Metric::kZoneinfoPresent, 2000 * kPage},
                    {Metric::kMeminfoBalloon, 300 * kPage}};
  Machine vmware;
  vmware.at(1, base).at(1, {{Metric::kVmstatFreePages, 695 * kPage}});
  EXPECT_EQ(bytes_of(vmware.ledger().rows, "kernel.balloon"), 300 * kPage);
  Machine virtio;
  virtio.at(1, base).at(1, {{Metric::kVmstatFreePages, 990 * kPage}});
  EXPECT_FALSE(bytes_of(virtio.ledger().rows, "kernel.balloon"));
  EXPECT_EQ(bytes_of(virtio.ledger().outside, "outside.balloon"), 300 * kPage);
}

TEST(Ledger, GivesHoldersOfUncountedPagesTheirOwnRows) {
  Machine machine;
  machine.at(1, {{Metric::kZoneinfoManaged, 1000 * kPage}});
  machine.subject(1, SubjectKind::kHolder, "ftrace-buffers",
                  {{Metric::kHolderBytes, 10 * kPage}, {Metric::kHolderCounted, 0}});
  machine.subject(1, SubjectKind::kHolder, "shmem-gem",
                  {{Metric::kHolderBytes, 99 * kPage}, {Metric::kHolderCounted, 1}});
  EXPECT_EQ(bytes_of(machine.ledger().rows, "kernel.holder.ftrace-buffers"), 10 * kPage);
  EXPECT_EQ(machine.ledger().attributed().count(), 10 * kPage);
  machine.registry().retire(*machine.registry().find(model::SubjectKey{SubjectKind::kHolder, "ftrace-buffers"}));
  EXPECT_EQ(machine.ledger().attributed().count(), 0);
}

TEST(Ledger, IsThatOfTheTimeAskedFor) {
  Machine machine;
  machine.at(1, {{Metric::kZoneinfoManaged, 1000 * kPage}, {Metric::kVmstatFreePages, 900 * kPage}});
  machine.at(5, {{Metric::kZoneinfoManaged, 1000 * kPage}, {Metric::kVmstatFreePages, 100 * kPage}});
  EXPECT_EQ(machine.ledger(BootTime{std::chrono::seconds(3)}).unattributed()->count(), 100 * kPage);
  EXPECT_EQ(machine.ledger().unattributed()->count(), 900 * kPage);
}

TEST(Ledger, WithoutAnyTotalHasNoRest) {
  const Ledger ledger = Machine().at(1, {{Metric::kMeminfoMemFree, 5}}).ledger();
  EXPECT_FALSE(ledger.unattributed());
  EXPECT_EQ(ledger.notes.size(), 1U);
}

TEST(LargeKmalloc, IsMeasuredWhenSlabinfoWasRead) {
  Machine machine;
  machine.at(1, {{Metric::kMeminfoSlab, 100 * kPage}, {Metric::kSlabTotalBytes, 90 * kPage}});
  machine.at(2, {{Metric::kMeminfoSlab, 500 * kPage}});
  machine.at(3, {{Metric::kMeminfoSlab, 510 * kPage}, {Metric::kSlabTotalBytes, 495 * kPage}});
  const model::Series large = large_kmalloc_series(machine.observation());
  ASSERT_EQ(large.size(), 2U);
  EXPECT_EQ(large[0].value, 10 * kPage);
  EXPECT_EQ(large[1].value, 15 * kPage);
}

TEST(Residual, FollowsPagesThatNoCounterShows) {
  Machine machine;
  for (int second = 0; second < 10; ++second) {
    machine.at(second, {{Metric::kZoneinfoManaged, 1000 * kPage},
                        {Metric::kVmstatFreePages, (900 - second) * kPage},
                        {Metric::kVmstatPageTables, 10 * kPage},
                        {Metric::kVmstatAnonPages, 0},
                        {Metric::kVmstatFilePages, 0},
                        {Metric::kVmstatSlabUnreclaimable, 0},
                        {Metric::kVmstatZspages, 0}});
  }
  const model::Series residual = residual_series(machine.observation());
  ASSERT_EQ(residual.size(), 10U);
  EXPECT_EQ(residual.front().value, 90 * kPage);
  EXPECT_EQ(residual.back().value, 99 * kPage);
}

TEST(Residual, IsNotKnownToALogThatTellsNothingOfPrograms) {
  Machine machine;
  for (int second = 0; second < 10; ++second) {
    machine.at(second, {{Metric::kMeminfoMemTotal, 1000 * kPage},
                        {Metric::kMeminfoMemFree, (900 - second) * kPage},
                        {Metric::kMeminfoSlab, 10 * kPage},
                        {Metric::kMeminfoCached, 20 * kPage}});
  }
  EXPECT_TRUE(residual_series(machine.observation()).empty());
}

TEST(LedgerProperty, RowsAndTheRestAreTheTotalWhateverTheFilesSay) {
  std::mt19937_64 random(7);
  const auto all = model::all_metrics();
  for (int round = 0; round < 400; ++round) {
    Machine machine;
    Values values;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].subject != SubjectKind::kMachine || random() % 3 == 0) continue;
      static constexpr std::array<int, 4> kShifts{1, 20, 40, 60};
      const auto value = static_cast<std::int64_t>(random() >> kShifts[random() % kShifts.size()]);
      values.emplace_back(static_cast<Metric>(i), random() % 50 == 0 ? -value : value);
    }
    machine.at(1, values);
    machine.subject(1, SubjectKind::kHolder, "some",
                    {{Metric::kHolderBytes, static_cast<std::int64_t>(random() >> 30)},
                     {Metric::kHolderCounted, static_cast<std::int64_t>(random() % 2)}});
    const Ledger ledger = machine.ledger();
    std::int64_t sum = 0;
    std::set<std::string> ids;
    for (const LedgerRow& row : ledger.rows) {
      EXPECT_GE(row.bytes.count(), 0) << row.id;
      EXPECT_TRUE(ids.insert(row.id).second) << row.id;
      EXPECT_FALSE(row.source.empty()) << row.id;
      sum += row.bytes.count();
    }
    if (ledger.total) {
      EXPECT_EQ(sum + ledger.unattributed()->count(), ledger.total->count());
    }
  }
}

}  // namespace
}  // namespace leakscope::analysis::accounting
