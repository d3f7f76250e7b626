#include "session/log_evidence.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <iterator>

#include <fmt/format.h>

#include "session/log_formats.h"
#include "sources/logs/log_reader.h"

namespace leakscope::session {
namespace {

namespace logs = sources::logs;
using model::Coverage;
using model::Observation;

/// When the file was last written: its year is that of dates which name none.
int year_of(const std::vector<LogFile>& files) {
  std::time_t when = 0;
  for (const LogFile& file : files) {
    struct stat status{};
    if (::fstat(file.fd.get(), &status) == 0) when = std::max(when, status.st_mtim.tv_sec);
  }
  std::tm parts{};
  (void)::gmtime_r(&when, &parts);
  return parts.tm_year + 1900;
}

struct Ordered {
  LogFile file;
  std::optional<sources::LogTime> first;
};

/// Files that can be read twice are put in order by what they tell; a pipe cannot, and nothing is moved then.
std::vector<LogFile> in_order(std::vector<LogFile> files, int year, std::vector<Coverage>& coverage) {
  if (files.size() < 2) return files;
  std::vector<Ordered> ordered;
  bool all_tell = true;
  for (LogFile& file : files) {
    Ordered entry{std::move(file), std::nullopt};
    UniqueFd again(
        ::open(fmt::format("/proc/self/fd/{}", entry.file.fd.get()).c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    struct stat status{};
    if (again.is_open() && ::fstat(again.get(), &status) == 0 && S_ISREG(status.st_mode)) {
      if (auto bytes = logs::open_bytes(std::move(again), entry.file.name)) {
        logs::LineReader lines(std::move(*bytes));
        entry.first = logs::first_time_of(lines, year);
      }
    }
    all_tell = all_tell && entry.first && (ordered.empty() || entry.first->kind == ordered.front().first->kind);
    ordered.push_back(std::move(entry));
  }
  if (all_tell) {
    std::ranges::stable_sort(ordered, {}, [](const Ordered& entry) { return entry.first->value; });
  } else {
    coverage.push_back({"times",
                        Coverage::State::kPartial,
                        "not every file tells the time, so they were read in the order in which they were given",
                        {}});
  }
  std::vector<LogFile> sorted;
  sorted.reserve(ordered.size());
  for (Ordered& entry : ordered) sorted.push_back(std::move(entry.file));
  return sorted;
}

/// A reboot begins anew: memory does, too.
Result<> drain(logs::LogReader& reader, std::unique_ptr<Observation>& observation,
               const std::shared_ptr<model::Registry>& registry, std::vector<Coverage>& coverage) {
  model::Sample sample;
  for (;;) {
    auto more = reader.next(sample);
    if (!more) return std::unexpected(std::move(more.error()));
    if (!*more) return {};
    const bool rebooted = !sample.events.empty() && std::ranges::find(sample.events, model::EventKind::kReboot,
                                                                      &model::Event::kind) != sample.events.end();
    if (rebooted && observation->samples() > 0) {
      coverage.push_back(
          {"logs", Coverage::State::kPartial, "what was logged before the last boot was not judged", {}});
      observation = std::make_unique<Observation>(registry);
    }
    observation->add(sample, reader.stands_for());
    reader.thin_to(observation->least_stride());
  }
}

/// A file that is no text from its first byte on is not a log that was damaged.
bool looks_binary(int fd) {
  std::string head(512, '\0');
  const ssize_t got = ::pread(fd, head.data(), head.size(), 0);
  if (got <= 0) return false;
  head.resize(static_cast<std::size_t>(got));
  // NUL bytes alone are what a truncated log begins with.
  if (head.find_first_not_of('\0') == std::string::npos) return false;
  const auto odd = std::ranges::count_if(head, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\x1b' && c != '\f' && c != '\b' && c != '\a';
  });
  return odd * 10 > got;
}

}  // namespace

Result<std::unique_ptr<Observation>> observe_logs(std::vector<LogFile> files, const EvidenceOptions& options) {
  std::vector<Coverage> coverage;
  const int year = year_of(files);
  std::vector<logs::LogInput> inputs;
  std::string names;
  for (LogFile& file : in_order(std::move(files), year, coverage)) {
    if (!names.empty()) names += ", ";
    names += file.name;
    const bool binary = looks_binary(file.fd.get());
    auto bytes = logs::open_bytes(std::move(file.fd), file.name);
    if (!bytes) return std::unexpected(std::move(bytes.error()));
    if (binary && !(*bytes)->was_compressed()) {
      return fail(Error::Kind::kMalformed, file.name, "is binary: neither a recording nor a log");
    }
    inputs.push_back({std::move(file.name), std::move(*bytes)});
  }
  auto registry = std::make_shared<model::Registry>();
  auto observation = std::make_unique<Observation>(registry);
  logs::LogReader reader(std::move(inputs), log_formats(PageSize{}), registry,
                         {.interval = options.interval, .guessed_year = year});
  if (auto drained = drain(reader, observation, registry, coverage); !drained) {
    coverage.push_back(model::coverage_from_error("logs", drained.error()));
  }
  if (observation->samples() == 0 && reader.coverage().empty()) {
    const auto losses = reader.losses();
    return fail(Error::Kind::kMalformed, names, "holds nothing that is known",
                losses.empty() ? std::string{} : losses.front().what);
  }
  observation->host = reader.host();
  observation->times_assumed = reader.times_assumed();
  std::ranges::move(reader.coverage(), std::back_inserter(observation->coverage));
  std::ranges::move(coverage, std::back_inserter(observation->coverage));
  std::ranges::move(reader.losses(), std::back_inserter(observation->losses));
  return observation;
}

}  // namespace leakscope::session
