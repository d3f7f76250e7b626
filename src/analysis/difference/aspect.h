#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "model/metric.h"
#include "model/subject.h"

namespace leakscope::analysis::difference {

/// Whether a rise makes the answer "something grew".
enum class Weight : std::uint8_t {
  kMemory,     ///< memory that its holder keeps until it lets go: yes
  kCountable,  ///< a thing that its holder keeps until it lets go: yes
  kTold,       ///< rises with caches, or is told elsewhere too: shown, and no more
};

/// A figure beside the amount, of which the change alone is shown.
struct Companion {
  model::Metric metric{};
  std::string_view id;     ///< JSON key of its column: "objects_change"
  std::string_view title;  ///< "objects"
};

/// One thing that is compared of one kind of subject: what one table of `diff` is about.
struct Aspect {
  std::string_view id;  ///< of the table: "slab_caches"
  std::string_view title;
  model::SubjectKind kind{};
  std::span<const model::Metric> amount;  ///< their sum; those that only one side knows are left out on both
  std::span<const Companion> companions;
  Weight weight = Weight::kMemory;

  [[nodiscard]] model::Unit unit() const { return model::info(amount.front()).unit; }
};
[[nodiscard]] std::span<const Aspect> aspects();

/// A figure of the whole machine that is compared beside the ledger.
struct MachineFigure {
  model::Metric metric{};
  Weight weight = Weight::kTold;
};
[[nodiscard]] std::span<const MachineFigure> machine_figures();

}  // namespace leakscope::analysis::difference
