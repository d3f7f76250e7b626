#include "session/recordings.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>

#include <fmt/format.h>

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

Result<Part> examine(const std::string& path) {
  auto summary = recording::summarize(path);
  if (!summary) return std::unexpected(std::move(summary.error()));
  Part part{path, {}, {}};
  for (const recording::SessionSummary& session : summary->sessions) {
    if (!part.start) part.start = session.start;
    if (session.facts) part.boot_id = session.facts->host.boot_id;
  }
  return part;
}

/// In the order in which they were recorded, without those that end in an earlier boot than the last one.
Result<std::vector<Part>> parts_of_last_boot(const std::vector<std::string>& paths, std::vector<Coverage>& coverage) {
  std::vector<Part> parts;
  for (const std::string& path : paths) {
    if (is_pipe(path)) return fail(Error::Kind::kUsage, path, "is a pipe and cannot be joined with other recordings");
    auto part = examine(path);
    if (!part) return std::unexpected(std::move(part.error()));
    parts.push_back(std::move(*part));
  }
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

/// Adds all samples of a stream. At a reboot the observation begins anew.
Result<> drain(sources::SampleStream& stream, std::unique_ptr<Observation>& observation,
               const std::shared_ptr<model::Registry>& registry, std::vector<Coverage>& coverage) {
  model::Sample sample;
  for (;;) {
    auto more = stream.next(sample);
    if (!more) return std::unexpected(std::move(more.error()));
    if (!*more) return {};
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
  UniqueFd fd(::dup(STDIN_FILENO));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, "standard input", "use"));
  return recording::open_recording(std::move(fd), "standard input", registry);
}

void append_new(std::vector<Coverage>& to, const std::vector<Coverage>& from) {
  for (const Coverage& entry : from) {
    if (std::ranges::find(to, entry) == to.end()) to.push_back(entry);
  }
}

}  // namespace

Result<std::unique_ptr<Observation>> observe_recordings(std::vector<std::string> paths) {
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
    auto of_last_boot = parts_of_last_boot(paths, coverage);
    if (!of_last_boot) return std::unexpected(std::move(of_last_boot.error()));
    parts = std::move(*of_last_boot);
  }
  std::string boot;
  model::Host host;
  for (const Part& part : parts) {
    auto stream =
        from_input ? open_standard_input(registry)
                   : recording::open_recording(part.path, registry,
                                               {.from = {}, .to = {}, .last_boot_only = !once, .continues_boot = boot});
    if (!stream) return std::unexpected(std::move(stream.error()));
    if (auto drained = drain(**stream, observation, registry, coverage); !drained) {
      coverage.push_back(model::coverage_from_error("recording", drained.error()));
    }
    host = (*stream)->host();
    boot = host.boot_id;
    append_new(coverage, (*stream)->coverage());
    const std::vector<model::Loss> lost = (*stream)->losses();
    losses.insert(losses.end(), lost.begin(), lost.end());
  }
  observation->host = std::move(host);
  append_new(observation->coverage, coverage);
  std::ranges::move(losses, std::back_inserter(observation->losses));
  return observation;
}

}  // namespace leakscope::session
