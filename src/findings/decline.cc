#include "findings/decline.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <map>
#include <string>

#include "analysis/accounting/ledger.h"
#include "findings/available.h"

namespace leakscope::findings {
namespace {

using model::LedgerClass;
using model::Metric;
using model::Observation;

/// The first moment at which the counters of all periods have been read, a quarter of the window at most.
std::optional<BootTime> first_full_reading(const Observation& observation) {
  if (!observation.start()) return std::nullopt;
  BootTime time = observation.start()->boot;
  const BootTime latest = time + observation.length() / 4;
  for (const Metric metric :
       {Metric::kZoneinfoManaged, Metric::kVmstatFreePages, Metric::kMeminfoMemAvailable, Metric::kSlabTotalBytes,
        Metric::kVmallocTotalPages, Metric::kPercpuFirstChunk, Metric::kBootTables}) {
    const model::Series* series = observation.find(metric);
    if (series == nullptr || series->empty() || series->front().time > latest) continue;
    time = std::max(time, series->front().time);
  }
  return time;
}

/// Swap that is full at the end was there all the same.
std::optional<std::int64_t> swap_free_now(const Observation& observation) {
  const model::Series* free = observation.find(Metric::kMeminfoSwapFree);
  const bool any = free != nullptr && std::ranges::any_of(*free, [](const auto& point) { return point.value > 0; });
  return any ? std::optional(free->back().value) : std::nullopt;
}

std::map<std::string, std::int64_t> rows_of(const model::Ledger& ledger) {
  std::map<std::string, std::int64_t> rows;
  for (const model::LedgerRow& row : ledger.rows) {
    if (row.klass == LedgerClass::kCache || row.klass == LedgerClass::kFree) continue;
    rows[row.id] = row.bytes.count();
  }
  return rows;
}

}  // namespace

Decline decline_of(const Facts& facts) {
  const Observation& observation = facts.observation();
  Decline decline;
  decline.available_now = observation.last(model::Registry::machine_id(), available_metric(observation));
  decline.swap_free_now = swap_free_now(observation);
  if (const Test* lost = facts.test(Quantity::kAvailableLost)) {
    decline.available_lost = std::llround(lost->rise());
    const auto& rate = lost->judgement.rate;
    if (!facts.options().rounds && lost->gate_open && rate && rate->lower > 0)
      decline.rate = Interval{rate->lower, rate->point, rate->upper};
  }
  const auto from = first_full_reading(observation);
  if (!from) return decline;
  const model::Ledger before = analysis::accounting::machine_ledger(observation, from);
  const model::Ledger after = analysis::accounting::machine_ledger(observation);
  const auto rows_before = rows_of(before);
  const auto rows_after = rows_of(after);
  bool same_rows = before.rows.size() == after.rows.size();
  for (const auto& [id, bytes] : rows_after) {
    const auto known = rows_before.find(id);
    if (known == rows_before.end()) {
      same_rows = false;
      continue;
    }
    if (bytes > known->second) decline.parts.push_back({id, bytes - known->second});
  }
  // The rest compares only where both ledgers are made of the same rows.
  if (same_rows && before.unattributed() && after.unattributed()) {
    const std::int64_t grown = (*after.unattributed() - *before.unattributed()).count();
    if (grown > 0) decline.parts.push_back({"unattributed", grown});
  }
  std::ranges::sort(decline.parts, [](const Decline::Part& a, const Decline::Part& b) {
    return a.bytes != b.bytes ? a.bytes > b.bytes : a.row < b.row;
  });
  return decline;
}

}  // namespace leakscope::findings
