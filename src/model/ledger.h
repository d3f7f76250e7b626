#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace leakscope::model {

enum class LedgerClass : std::uint8_t { kUser, kKernel, kCache, kFree, kHardware };
[[nodiscard]] std::string_view to_string(LedgerClass c);

struct LedgerRow {
  std::string id;  ///< "user.anonymous", "kernel.slab_unreclaimable": stable, listed in docs/json.md
  LedgerClass klass = LedgerClass::kKernel;
  Bytes bytes;
  std::string label;   ///< for people
  std::string source;  ///< the file and field: "/proc/meminfo SUnreclaim"
};

/// Rows with an independently measured total. What no row explains is itself visible: unattributed(), negative where
/// rows overlap. Nothing is ever spread out.
struct Ledger {
  std::optional<Bytes> total;  ///< zoneinfo's managed pages; else MemTotal, which a note then says
  std::vector<LedgerRow> rows;
  std::vector<LedgerRow> outside;  ///< below the total and outside the sum: reserved at boot
  std::vector<std::string> notes;  ///< disagreements that a reader must know

  [[nodiscard]] Bytes attributed() const {
    Bytes sum;
    for (const LedgerRow& row : rows) sum += row.bytes;
    return sum;
  }
  [[nodiscard]] std::optional<Bytes> unattributed() const {
    if (!total) return std::nullopt;
    return *total - attributed();
  }
};

}  // namespace leakscope::model
