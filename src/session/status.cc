#include "session/status.h"

#include "analysis/accounting/ledger.h"
#include "findings/standout.h"
#include "session/subject_tables.h"

namespace leakscope::session {
namespace {

constexpr Nanoseconds kPatience = std::chrono::milliseconds(1500);

}  // namespace

Result<report::Document> machine_status(const StatusOptions& options, const StopFlag& stop) {
  auto registry = std::make_shared<model::Registry>();
  const SystemClock clock;
  auto sampler = open_live(registry, options.sources, clock, stop, {});
  if (!sampler) return std::unexpected(std::move(sampler.error()));
  model::Sample sample;
  if (auto taken = (*sampler)->next(sample); !taken) return std::unexpected(std::move(taken.error()));
  (*sampler)->settle(sample, kPatience);
  model::Observation observation(registry);
  observation.add(sample);

  report::Document document;
  document.command = "status";
  document.host = (*sampler)->host();
  document.window = report::Window{observation.start(), observation.end(), observation.samples()};
  document.ledger = analysis::accounting::machine_ledger(observation);
  document.headline = findings::standout_of(observation, *document.ledger);
  document.tables = largest_subjects(observation, options.rows);
  document.coverage = (*sampler)->coverage();
  document.losses = (*sampler)->losses();
  return document;
}

}  // namespace leakscope::session
