#include "session/log_evidence.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

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

/// Where each file is read from; nothing for a pipe, which cannot be read twice.
std::optional<std::vector<off_t>> beginnings_of(const std::vector<LogFile>& files) {
  std::vector<off_t> beginnings;
  beginnings.reserve(files.size());
  for (const LogFile& file : files) {
    beginnings.push_back(::lseek(file.fd.get(), 0, SEEK_CUR));
    if (beginnings.back() < 0) return std::nullopt;
  }
  return beginnings;
}

Result<std::vector<logs::LogInput>> inputs_of(const std::vector<LogFile>& files) {
  std::vector<logs::LogInput> inputs;
  inputs.reserve(files.size());
  for (const LogFile& file : files) {
    const bool binary = looks_binary(file.fd.get());
    UniqueFd fd(::fcntl(file.fd.get(), F_DUPFD_CLOEXEC, 0));
    if (!fd.is_open()) return std::unexpected(error_from_errno(errno, file.name, "open again"));
    auto bytes = logs::open_bytes(std::move(fd), file.name);
    if (!bytes) return std::unexpected(std::move(bytes.error()));
    if (binary && !(*bytes)->was_compressed()) {
      return fail(Error::Kind::kMalformed, file.name, "is binary: neither a recording nor a log");
    }
    inputs.push_back({file.name, std::move(*bytes)});
  }
  return inputs;
}

/// The files, read from beginning to end.
struct ReadLogs {
  std::unique_ptr<Observation> observation;
  std::unique_ptr<logs::LogReader> reader;
  std::vector<Coverage> coverage;
};

Result<ReadLogs> read_logs(const std::vector<LogFile>& files, const logs::LogOptions& options) {
  auto inputs = inputs_of(files);
  if (!inputs) return std::unexpected(std::move(inputs.error()));
  auto registry = std::make_shared<model::Registry>();
  ReadLogs read{std::make_unique<Observation>(registry),
                std::make_unique<logs::LogReader>(std::move(*inputs), log_formats(PageSize{}), registry, options),
                {}};
  if (auto drained = drain(*read.reader, read.observation, registry, read.coverage); !drained) {
    read.coverage.push_back(model::coverage_from_error("logs", drained.error()));
  }
  return read;
}

/// Read once more where the first reading showed that samples are of several machines, or the clock was set.
Result<ReadLogs> read_as_often_as_needed(const std::vector<LogFile>& files, logs::LogOptions options) {
  const auto beginnings = beginnings_of(files);
  auto read = read_logs(files, options);
  if (!read) return read;
  options.plan = read->reader->plan();
  if (options.plan.empty()) return read;
  if (!beginnings) {
    read->coverage.push_back({"logs", Coverage::State::kPartial,
                              options.plan.only
                                  ? "samples of several machines are mixed, and a pipe cannot be read twice"
                                  : "a gap is the clock's alone, and a pipe cannot be read twice",
                              "give the log as a file"});
    return read;
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (::lseek(files[i].fd.get(), (*beginnings)[i], SEEK_SET) < 0) {
      return std::unexpected(error_from_errno(errno, files[i].name, "read again"));
    }
  }
  return read_logs(files, options);
}

/// Nothing that is left of such a log says how the machine fares.
bool is_lost(const ReadLogs& read) {
  using model::Metric;
  if (!read.reader->hardly_readable()) return false;
  const bool knows_the_machine =
      std::ranges::any_of(std::array{Metric::kMeminfoMemAvailable, Metric::kMeminfoMemFree, Metric::kFreeAndCache},
                          [&](Metric metric) { return read.observation->find(metric) != nullptr; });
  return !knows_the_machine && std::ranges::none_of(read.reader->coverage(), [](const Coverage& entry) {
    return entry.state == Coverage::State::kOk;
  });
}

/// Which formats tell the figures of a file of /proc.
struct ToldBy {
  std::string_view file;
  std::string_view own;                   ///< the format of the file itself
  std::array<std::string_view, 7> tools;  ///< as many as there are
};
constexpr auto kToldBy = std::to_array<ToldBy>({
    {"/proc/PID/status",
     "process files",
     {"top screen", "ps table", "pidstat table", "pmap table", "atop lines", "text metrics", "Prometheus answer"}},
    {"/proc/meminfo",
     "meminfo",
     {"free table", "vmstat table", "top screen", "sadf JSON", "atop lines", "text metrics", "Prometheus answer"}},
    {"/proc/vmstat", "vmstat", {"vmstat table", "sadf JSON", "atop lines", "text metrics", "Prometheus answer"}},
    {"/proc/slabinfo", "slabinfo", {"slabtop screen", "text metrics", "Prometheus answer"}},
});

}  // namespace

void name_the_tools(report::Document& document) {
  const auto was_read = [&](std::string_view format) {
    return std::ranges::find(document.coverage, format, &Coverage::source) != document.coverage.end();
  };
  for (const ToldBy& row : kToldBy) {
    if (was_read(row.own)) continue;
    std::vector<std::string_view> read;
    std::ranges::copy_if(row.tools, std::back_inserter(read), was_read);
    if (read.empty()) continue;
    const std::string name = fmt::format("{}", fmt::join(read, ", "));
    for (findings::Finding& finding : document.findings) {
      for (findings::Evidence& evidence : finding.evidence) {
        if (evidence.source == row.file && !evidence.text.starts_with("was not read")) evidence.source = name;
      }
    }
  }
}

Result<std::unique_ptr<Observation>> observe_logs(std::vector<LogFile> files, const EvidenceOptions& options) {
  std::vector<Coverage> coverage;
  const int year = year_of(files);
  files = in_order(std::move(files), year, coverage);
  std::vector<std::string> names;
  names.reserve(files.size());
  for (const LogFile& file : files) names.push_back(file.name);
  auto read = read_as_often_as_needed(files, {.interval = options.interval, .guessed_year = year, .plan = {}});
  if (!read) return std::unexpected(std::move(read.error()));
  const logs::LogReader& reader = *read->reader;
  const auto losses = reader.losses();
  const bool lost = is_lost(*read);
  if (lost || (read->observation->samples() == 0 && reader.coverage().empty())) {
    return fail(Error::Kind::kMalformed, fmt::format("{}", fmt::join(names, ", ")),
                lost ? "can hardly be read" : "holds nothing that is known",
                losses.empty() ? std::string{} : losses.front().what);
  }
  Observation& observation = *read->observation;
  observation.host = reader.host();
  observation.times_assumed = reader.times_assumed();
  observation.hardly_read = reader.hardly_readable();
  std::ranges::move(reader.coverage(), std::back_inserter(observation.coverage));
  std::ranges::move(read->coverage, std::back_inserter(observation.coverage));
  std::ranges::move(coverage, std::back_inserter(observation.coverage));
  std::ranges::copy(losses, std::back_inserter(observation.losses));
  return std::move(read->observation);
}

}  // namespace leakscope::session
