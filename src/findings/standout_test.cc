#include "findings/standout.h"

#include <gtest/gtest.h>

namespace leakscope::findings {
namespace {

using model::Metric;

constexpr std::int64_t kGiB = std::int64_t{1} << 30U;

struct Machine {
  std::shared_ptr<model::Registry> registry = std::make_shared<model::Registry>();
  model::Observation observation{registry};
  model::Sample sample;
  model::Ledger ledger{.total = Bytes(16 * kGiB), .rows = {}, .outside = {}, .notes = {}};

  Machine() {
    put({}, Metric::kMeminfoMemAvailable, 12 * kGiB);
    ledger.rows.push_back({"free.buddy", model::LedgerClass::kFree, Bytes(16 * kGiB), "free", "/proc/vmstat"});
  }
  void put(const model::SubjectKey& subject, Metric metric, std::int64_t value) {
    sample.readings.push_back({registry->intern(subject), metric, value});
  }
  std::string sentence() {
    observation.add(sample);
    return standout_of(observation, ledger);
  }
};

TEST(Standout, SaysThatNothingDoes) {
  EXPECT_TRUE(Machine().sentence().starts_with("Nothing stands out: 12.0 GiB of 16.0 GiB"));
}

TEST(Standout, NamesTheCacheThatHoldsTheSlab) {
  Machine machine;
  machine.put({}, Metric::kMeminfoSUnreclaim, 5 * kGiB);
  machine.put({model::SubjectKind::kSlabCache, "kmalloc-4k"}, Metric::kSlabBytes, 4 * kGiB);
  EXPECT_NE(machine.sentence().find("kmalloc-4k alone holds 4.00 GiB"), std::string::npos);
}

TEST(Standout, LittleAvailableMemoryComesFirst) {
  Machine machine;
  machine.put({}, Metric::kMeminfoMemAvailable, kGiB / 4);
  machine.put({}, Metric::kMeminfoSUnreclaim, 5 * kGiB);
  EXPECT_TRUE(machine.sentence().starts_with("Only 256 MiB"));
}

TEST(Standout, ACgroupFullOfPageCacheIsNotNearItsLimit) {
  Machine machine;
  const model::SubjectKey cgroup{model::SubjectKind::kCgroup, "/a"};
  machine.put(cgroup, Metric::kCgroupMax, kGiB);
  machine.put(cgroup, Metric::kCgroupCurrent, kGiB);
  machine.put(cgroup, Metric::kCgroupInactiveFile, kGiB / 2);
  EXPECT_TRUE(machine.sentence().starts_with("Nothing stands out"));
}

TEST(Standout, PagesWithoutACounterAreNamed) {
  Machine machine;
  machine.ledger.rows.front().bytes = Bytes(15 * kGiB);
  EXPECT_TRUE(machine.sentence().starts_with("1.00 GiB (6.2 % of memory) stands in no counter"));
}

}  // namespace
}  // namespace leakscope::findings
