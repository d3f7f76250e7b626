#include "analysis/accounting/ledger.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include <fmt/format.h>

#include "analysis/accounting/accounts.h"
#include "base/bytes.h"

namespace leakscope::analysis::accounting {
namespace {

using model::Ledger;
using model::LedgerClass;
using model::LedgerRow;
using model::Metric;
using model::Observation;

std::optional<std::int64_t> value_at(const Observation& observation, std::optional<BootTime> time, Metric metric) {
  const model::SubjectId machine = model::Registry::machine_id();
  const auto value = time ? observation.at(machine, metric, *time) : observation.last(machine, metric);
  if (!value) return std::nullopt;
  return sane(*value);
}

LedgerRow row_of(const Entry& entry) {
  const RowText& text = text_of(entry.row);
  return {std::string(text.id), text.klass, Bytes(entry.bytes), std::string(text.label), std::string(entry.source)};
}

void add_outside(Ledger& ledger, const Accounts& books, std::optional<std::int64_t> present,
                 std::optional<std::int64_t> mem_total, std::optional<std::int64_t> memmap) {
  const auto put = [&](std::string id, std::int64_t bytes, std::string label, std::string source) {
    if (bytes > 0) {
      ledger.outside.push_back(
          {std::move(id), LedgerClass::kKernel, Bytes(bytes), std::move(label), std::move(source)});
    }
  };
  if (!books.total_is_managed || !present) return;
  std::int64_t rest = std::max<std::int64_t>(*present - *books.total, 0);
  const auto take = [&rest](std::int64_t amount) {
    const std::int64_t taken = std::clamp<std::int64_t>(amount, 0, rest);
    rest -= taken;
    return taken;
  };
  // MemTotal counts hot-plugged or not yet initialised memory that the allocator does not manage so far.
  const std::int64_t pending = mem_total ? *mem_total - *books.total : 0;
  if (pending > *books.total / 1000) {
    put("outside.not_managed", take(pending), "in MemTotal, not given to the allocator", "/proc/meminfo MemTotal");
  }
  put("outside.memmap", take(memmap.value_or(0)), "page descriptors", "/proc/vmstat nr_memmap_boot_pages");
  for (const Entry& entry : books.outside) {
    const bool balloon = entry.row == RowId::kKernelBalloon;
    put(balloon ? "outside.balloon" : "outside.percpu_first_chunk", take(entry.bytes),
        balloon ? "given to the hypervisor" : "per-CPU memory of the boot", std::string(entry.source));
  }
  put("outside.reserved", rest, "kernel image and other memory reserved at boot",
      "/proc/zoneinfo present minus managed");
}

void add_notes(Ledger& ledger, const Accounts& books, std::optional<std::int64_t> mem_total) {
  if (!books.total) {
    ledger.notes.emplace_back("no total: neither /proc/zoneinfo nor /proc/meminfo could be read");
    return;
  }
  if (!books.total_is_managed) {
    ledger.notes.emplace_back("the total is MemTotal: /proc/zoneinfo was not read, and containers may fake MemTotal");
  } else if (mem_total && std::abs(*mem_total - *books.total) > *books.total / 1000) {
    ledger.notes.push_back(fmt::format(
        "MemTotal says {}, the page allocator manages {}: memory is being plugged or initialised, or MemTotal "
        "is faked; the ledger rests on managed pages",
        to_human(Bytes(*mem_total)), to_human(Bytes(*books.total))));
  }
  if (books.first_chunk_unknown) {
    ledger.notes.emplace_back(
        "per-CPU memory is counted with its first chunk, which lies outside the total; how large that is was not seen");
  }
  if (books.stacks_inferred) {
    ledger.notes.emplace_back(
        "kernel stacks are taken out of vmalloc (VMAP_STACK is likely); /proc/vmallocinfo, which shows it, was not "
        "read");
  }
}

}  // namespace

Ledger machine_ledger(const Observation& observation, std::optional<BootTime> time) {
  const Accounts books = machine_accounts(observation, time);
  Ledger ledger;
  if (books.total) ledger.total = Bytes(*books.total);
  ledger.rows.reserve(books.entries.size() + books.holders.size());
  for (const Entry& entry : books.entries) ledger.rows.push_back(row_of(entry));
  for (const Accounts::Holder& holder : books.holders) {
    const model::SubjectInfo info = observation.info(holder.subject);
    ledger.rows.push_back({"kernel.holder." + info.key.name, LedgerClass::kKernel, Bytes(holder.bytes), info.key.name,
                           info.detail.empty() ? "pages without a counter" : info.detail});
  }
  const auto mem_total = value_at(observation, time, Metric::kMeminfoMemTotal);
  add_outside(ledger, books, value_at(observation, time, Metric::kZoneinfoPresent), mem_total,
              value_at(observation, time, Metric::kVmstatMemmapBootPages));
  add_notes(ledger, books, mem_total);
  return ledger;
}

}  // namespace leakscope::analysis::accounting
