#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/difference/aspect.h"
#include "analysis/difference/picture.h"

namespace leakscope::analysis::difference {

/// Whether both pictures are of one boot: only then is a pid the same process.
enum class Boots : std::uint8_t { kSame, kDifferent, kUnknown };
[[nodiscard]] Boots boots_of(const Picture& before, const Picture& after);

enum class Presence : std::uint8_t { kBoth, kNew, kGone };
/// "", "new", "gone".
[[nodiscard]] std::string_view to_string(Presence presence);

/// One subject of one aspect. What is new stood at nothing before, what is gone stands at nothing after.
struct Change {
  model::SubjectInfo subject;
  std::string group;
  Presence presence = Presence::kBoth;
  std::int64_t before = 0;
  std::int64_t after = 0;
  std::vector<std::optional<std::int64_t>> companions;  ///< parallel to the aspect's
  std::optional<bool> reclaimable;                      ///< slab caches; nothing: not known

  [[nodiscard]] std::int64_t rise() const { return after - before; }
};

struct AspectChanges {
  const Aspect* aspect = nullptr;
  std::vector<Change> changes;   ///< in no order; those that stayed the same are among them
  std::size_t not_compared = 0;  ///< in one picture alone, where the other lists the largest only
};

/// A row of the ledger. A row that one side lacks counts as nothing there, so that the rows add up.
struct LedgerChange {
  std::string id;
  std::optional<model::LedgerClass> klass;  ///< nothing: the rest that no row explains
  std::string label;
  std::optional<std::int64_t> before;
  std::optional<std::int64_t> after;

  [[nodiscard]] std::int64_t rise() const { return after.value_or(0) - before.value_or(0); }
};

struct MachineChange {
  MachineFigure figure;
  std::int64_t before = 0;
  std::int64_t after = 0;

  [[nodiscard]] std::int64_t rise() const { return after - before; }
};

/// What differs between two pictures. Every amount was held between 0 and 2^56 first, so that sums stay in 64 bits.
struct Difference {
  Boots boots = Boots::kUnknown;
  std::optional<Nanoseconds> elapsed;  ///< negative: after is the earlier one
  /// Rows of both ledgers and the rest: their rises add up to the total's. Empty: one side has no ledger.
  std::vector<LedgerChange> ledger;
  std::optional<LedgerChange> total;
  std::vector<AspectChanges> aspects;
  std::vector<MachineChange> machine;
  std::vector<model::SubjectKind> only_before;  ///< kinds that one picture alone could see
  std::vector<model::SubjectKind> only_after;

  [[nodiscard]] bool empty() const { return ledger.empty() && aspects.empty() && machine.empty(); }
  /// Whether both tell the anonymous memory of programs; where not, it is in the rest.
  [[nodiscard]] bool tells_anonymous() const;
  /// What programs, the kernel and the unexplained rest grew by together: what is neither free nor cache.
  [[nodiscard]] std::optional<std::int64_t> lost() const;
  [[nodiscard]] std::optional<std::int64_t> rise_of(model::LedgerClass klass) const;
};

/// Compares what both pictures know. Subjects are matched by name, processes by pid and start time (by pid and name
/// where a picture has no start times); of different boots processes are not compared at all.
[[nodiscard]] Difference compare(const Picture& before, const Picture& after);

/// What a rise must reach to count. Bytes: max(1 MiB, a thousandth of the total), unless the user says else.
[[nodiscard]] std::int64_t default_floor(const Difference& difference);
/// Counts: 16 and a tenth of what was there.
[[nodiscard]] std::int64_t count_floor(std::int64_t before);

/// Whether that subject was there both times and rose so much that it counts as growth.
[[nodiscard]] bool grew(const Aspect& aspect, const Change& change, std::int64_t floor);
[[nodiscard]] bool grew(const MachineChange& change, std::int64_t floor);
/// Whether anything did, or programs and the kernel together.
[[nodiscard]] bool anything_grew(const Difference& difference, std::int64_t floor);

}  // namespace leakscope::analysis::difference
