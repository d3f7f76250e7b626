#pragma once

#include <memory>
#include <string>
#include <vector>

#include "analysis/difference/picture.h"
#include "base/error.h"
#include "model/series.h"
#include "session/evidence.h"
#include "session/moment.h"

namespace leakscope::session {

/// One side of a comparison, read.
struct DiffSide {
  Place place;
  std::shared_ptr<const model::Observation> observation;  ///< nothing: a document
  analysis::difference::Picture picture;
  std::vector<model::Coverage> coverage;
  std::vector<model::Loss> losses;
};

struct DiffSides {
  DiffSide before;
  DiffSide after;

  [[nodiscard]] bool share_observation() const {
    return before.observation != nullptr && before.observation == after.observation;
  }
};

/// Reads what the words name; one that both sides share is read once.
[[nodiscard]] Result<DiffSides> read_sides(const std::vector<std::string>& words, const EvidenceOptions& options);

}  // namespace leakscope::session
