#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "report/document.h"
#include "session/evidence.h"

namespace leakscope::session {

enum class DiffSort : std::uint8_t { kGrowth, kShrinkage, kSize, kName };

struct DiffOptions {
  std::optional<Bytes> at_least;  ///< what bytes must grow by to count; nothing: max(1 MiB, 0.1 % of the total)
  std::size_t rows = 10;          ///< of each table; the ledger has all of its own
  DiffSort sort = DiffSort::kGrowth;
  bool all = false;  ///< every subject that changed at all
  EvidenceOptions evidence;
};

/// What grew between two of: recordings and whatever else observe_evidence() reads, each with a moment of it or its
/// last one (session/moment.h), and documents of `leakscope status --json`. A single word is compared with itself: from
/// its first moment, or the one named, to its last. The answer is in the document's comparison: two moments are no
/// trend, and nothing is ever called a leak.
[[nodiscard]] Result<report::Document> diff(const std::vector<std::string>& words, const DiffOptions& options);

}  // namespace leakscope::session
