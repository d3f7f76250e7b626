#include "session/recordings.h"

#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "session/standard_input.h"
#include "sources/recording/recording_reader.h"
#include "sources/recording/summary.h"

namespace leakscope::session {
namespace {

namespace recording = sources::recording;
using model::Coverage;
using model::Observation;

/// One file of the history, as its headers tell.
struct Part {
  std::string path;
  std::string boot_id;  ///< that its last session was recorded in; empty: not known
  std::optional<WallTime> start;
};

/// A named pipe, or what a shell makes of <(zcat FILE): read once, so it cannot be looked over before.
bool is_pipe(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

std::optional<WallTime> time_of(const std::optional<Until>& until) {
  const auto* time = until ? std::get_if<WallTime>(&*until) : nullptr;
  return time != nullptr ? std::optional(*time) : std::nullopt;
}

Result<Part> examine(const std::string& path, std::optional<WallTime> until) {
  auto summary = recording::summarize(path);
  if (!summary) return std::unexpected(std::move(summary.error()));
  Part part{path, {}, {}};
  for (const recording::SessionSummary& session : summary->sessions) {
    if (until && session.start && *session.start > *until) continue;
    if (!part.start) part.start = session.start;
    if (session.facts) part.boot_id = session.facts->host.boot_id;
  }
  return part;
}

/// In the order in which they were recorded, without those that end in an earlier boot than the last one, or begin
/// after `until`.
Result<std::vector<Part>> parts_of_last_boot(const std::vector<std::string>& paths, std::optional<WallTime> until,
                                             std::vector<Coverage>& coverage) {
  std::vector<Part> parts;
  for (const std::string& path : paths) {
    if (is_pipe(path)) return fail(Error::Kind::kUsage, path, "is a pipe and cannot be joined with other recordings");
    auto part = examine(path, until);
    if (!part) return std::unexpected(std::move(part.error()));
    if (!until || part->start) parts.push_back(std::move(*part));
  }
  if (parts.empty()) return parts;
  std::ranges::stable_sort(parts, {}, &Part::start);
  const std::string last_boot = parts.back().boot_id;
  std::erase_if(parts, [&](const Part& part) {
    if (part.boot_id == last_boot) return false;
    coverage.push_back({"recording", Coverage::State::kPartial,
                        fmt::format("{} is of another boot and was not judged", part.path),
                        fmt::format("leakscope diagnose --from {}", part.path)});
    return true;
  });
  return parts;
}

bool is_after(const model::Sample& sample, const Until& until, const Observation& observation) {
  if (const auto* time = std::get_if<WallTime>(&until)) return sample.time.wall > *time;
  const auto start = observation.start();
  return start && sample.time.boot - start->boot > std::get<Nanoseconds>(until);
}

/// Adds all samples of a stream; false when it came to one after `until`. At a reboot the observation begins anew.
Result<bool> drain(sources::SampleStream& stream, const std::optional<Until>& until,
                   std::unique_ptr<Observation>& observation, const std::shared_ptr<model::Registry>& registry,
                   std::vector<Coverage>& coverage) {
  model::Sample sample;
  for (;;) {
    auto more = stream.next(sample);
    if (!more) return std::unexpected(std::move(more.error()));
    if (!*more) return true;
    if (until && is_after(sample, *until, *observation)) return false;
    const bool rebooted =
        std::ranges::find(sample.events, model::EventKind::kReboot, &model::Event::kind) != sample.events.end();
    if (rebooted && observation->samples() > 0) {
      coverage.push_back(
          {"recording", Coverage::State::kPartial, "what was recorded before the last boot was not judged", {}});
      observation = std::make_unique<Observation>(registry);
    }
    observation->add(sample);
  }
}

Result<std::unique_ptr<sources::SampleStream>> open_standard_input(const std::shared_ptr<model::Registry>& registry) {
  auto fd = standard_input();
  if (!fd) return std::unexpected(std::move(fd.error()));
  return recording::open_recording(std::move(*fd), std::string(kStandardInput), registry);
}

void append_new(std::vector<Coverage>& to, const std::vector<Coverage>& from) {
  for (const Coverage& entry : from) {
    if (std::ranges::find(to, entry) == to.end()) to.push_back(entry);
  }
}

}  // namespace

Result<std::unique_ptr<Observation>> observe_recordings(std::vector<std::string> paths, std::optional<Until> until) {
  if (paths.empty()) return fail(Error::Kind::kUsage, "--from", "names no recording");
  const bool from_input = std::ranges::find(paths, "-") != paths.end();
  if (from_input && paths.size() > 1) {
    return fail(Error::Kind::kUsage, "--from", "standard input cannot be joined with files");
  }
  auto registry = std::make_shared<model::Registry>();
  auto observation = std::make_unique<Observation>(registry);
  std::vector<Coverage> coverage;
  std::vector<model::Loss> losses;
  std::vector<Part> parts;
  const bool once = from_input || (paths.size() == 1 && is_pipe(paths.front()));
  if (once) {
    parts.push_back({paths.front(), {}, {}});
  } else {
    auto of_last_boot = parts_of_last_boot(paths, time_of(until), coverage);
    if (!of_last_boot) return std::unexpected(std::move(of_last_boot.error()));
    parts = std::move(*of_last_boot);
  }
  std::string boot;
  model::Host host;
  bool to_the_end = true;
  for (const Part& part : parts) {
    if (!to_the_end) break;
    auto stream = from_input
                      ? open_standard_input(registry)
                      : recording::open_recording(
                            part.path, registry,
                            {.from = {}, .to = {}, .last_boot_only = !once && !time_of(until), .continues_boot = boot});
    if (!stream) return std::unexpected(std::move(stream.error()));
    const auto drained = drain(**stream, until, observation, registry, coverage);
    if (!drained) coverage.push_back(model::coverage_from_error("recording", drained.error()));
    to_the_end = drained.value_or(true);
    host = (*stream)->host();
    boot = host.boot_id;
    std::ranges::move((*stream)->observers(), std::back_inserter(observation->observers));
    append_new(coverage, (*stream)->coverage());
    const std::vector<model::Loss> lost = (*stream)->losses();
    losses.insert(losses.end(), lost.begin(), lost.end());
  }
  if (until && observation->samples() == 0) return fail(Error::Kind::kUsage, "--until", "nothing was recorded by then");
  if (!to_the_end) {
    coverage.push_back(
        {"recording",
         Coverage::State::kPartial,
         fmt::format("what was recorded after {} was not judged (--until)", to_rfc3339(observation->end()->wall)),
         {}});
  }
  observation->host = std::move(host);
  append_new(observation->coverage, coverage);
  std::ranges::move(losses, std::back_inserter(observation->losses));
  return observation;
}

}  // namespace leakscope::session
