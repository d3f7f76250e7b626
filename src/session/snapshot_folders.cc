#include "session/snapshot_folders.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "session/kernel_log_report.h"
#include "session/source_set.h"
#include "session/tool_texts.h"
#include "sources/procfs/host.h"
#include "sources/snapshot/archive.h"
#include "sources/snapshot/folder.h"
#include "sources/snapshot/layout.h"
#include "sources/snapshot/scratch_folder.h"

namespace leakscope::session {
namespace {

namespace snapshot = sources::snapshot;
using model::Coverage;
using model::Observation;
using snapshot::Folder;

constexpr std::string_view kSource = "snapshot";
constexpr Nanoseconds kAssumedInterval = std::chrono::minutes(1);
/// Uptime and wall clock of two folders give the same moment of boot, as far as clocks that are corrected now and then
/// do.
constexpr Nanoseconds kSameBoot = std::chrono::minutes(2);

struct Gathered {
  std::vector<Folder> folders;
  std::vector<std::unique_ptr<snapshot::ScratchFolder>> scratch;
  std::vector<Coverage> coverage;
  std::vector<model::Loss> losses;

  void partial(std::string why, std::string remedy = {}) {
    coverage.push_back({std::string(kSource), Coverage::State::kPartial, std::move(why), std::move(remedy)});
  }
};

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  if (what.empty() || what == with) return;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

/// The folders in an unpacked archive go by the archive's name: that of the scratch directory says nothing.
Result<> gather_archive(const Evidence::Part& part, Gathered& gathered) {
  auto scratch = snapshot::ScratchFolder::make();
  if (!scratch) return std::unexpected(std::move(scratch.error()));
  auto unpacked = snapshot::unpack_archive(part.path, (*scratch)->fd());
  if (!unpacked) {
    Error error = std::move(unpacked.error());
    if (error.where == part.path) error.where = part.name;
    return std::unexpected(std::move(error));
  }
  for (Coverage& entry : unpacked->coverage) {
    replace_all(entry.why, part.path, part.name);
    gathered.coverage.push_back(std::move(entry));
  }
  std::ranges::move(unpacked->losses, std::back_inserter(gathered.losses));
  auto folders = snapshot::find_folders((*scratch)->path());
  if (!folders) {
    return fail(Error::Kind::kNotFound, part.name,
                "holds neither proc/meminfo nor sos_commands nor var/log/messages, also one level down",
                "Give a sosreport or a tar of a snapshot");
  }
  for (Folder& folder : *folders) {
    folder.name = part.name + folder.name.substr((*scratch)->path().size());
    gathered.folders.push_back(std::move(folder));
  }
  gathered.scratch.push_back(*std::move(scratch));
  return {};
}

Result<Gathered> gather(const std::vector<Evidence::Part>& parts) {
  Gathered gathered;
  for (const Evidence::Part& part : parts) {
    if (part.kind == EvidenceKind::kArchive) {
      if (auto done = gather_archive(part, gathered); !done) return std::unexpected(std::move(done.error()));
      continue;
    }
    auto folders = snapshot::find_folders(part.path);
    if (!folders) return std::unexpected(std::move(folders.error()));
    std::ranges::move(*folders, std::back_inserter(gathered.folders));
  }
  return gathered;
}

std::optional<Nanoseconds> booted_at(const Folder& folder) {
  if (!folder.time.uptime || !folder.time.wall) return std::nullopt;
  return folder.time.wall->since_epoch - *folder.time.uptime;
}

/// Empty: they may well be moments of one boot of one machine.
std::string_view difference(const Folder& one, const Folder& other) {
  if (!one.boot_id.empty() && !other.boot_id.empty()) {
    if (one.boot_id == other.boot_id) return {};
    const bool elsewhere = !one.hostname.empty() && !other.hostname.empty() && one.hostname != other.hostname;
    return elsewhere ? "machine" : "boot";
  }
  if (!one.hostname.empty() && !other.hostname.empty() && one.hostname != other.hostname) return "machine";
  const auto first = booted_at(one);
  const auto second = booted_at(other);
  if (first && second && std::max(*first, *second) - std::min(*first, *second) > kSameBoot) return "boot";
  return {};
}

bool all_have(const std::vector<Folder>& folders, auto member) {
  return std::ranges::all_of(folders, [&](const Folder& folder) { return (folder.time.*member).has_value(); });
}

/// In the order of time, those of other machines and boots than the last left out.
void choose(Gathered& gathered) {
  using snapshot::FolderTime;
  std::vector<Folder>& folders = gathered.folders;
  if (all_have(folders, &FolderTime::wall)) {
    std::ranges::stable_sort(folders, {}, [](const Folder& folder) { return *folder.time.wall; });
  } else if (all_have(folders, &FolderTime::uptime)) {
    std::ranges::stable_sort(folders, {}, [](const Folder& folder) { return *folder.time.uptime; });
  }
  for (std::size_t i = 0; i + 1 < folders.size();) {
    const std::string_view what = difference(folders[i], folders.back());
    if (what.empty()) {
      ++i;
      continue;
    }
    gathered.partial(fmt::format("{} is of another {} and was not judged", folders[i].name, what),
                     fmt::format("leakscope diagnose --from {}", folders[i].name));
    folders.erase(folders.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

/// Puts all folders on one axis, and says what was assumed.
std::vector<Moment> moments_of(Gathered& gathered, const EvidenceOptions& options) {
  using snapshot::FolderTime;
  std::vector<Folder>& folders = gathered.folders;
  const bool by_uptime = all_have(folders, &FolderTime::uptime);
  const bool by_wall = !by_uptime && all_have(folders, &FolderTime::wall);
  if (by_uptime) std::ranges::stable_sort(folders, {}, [](const Folder& folder) { return *folder.time.uptime; });
  const Nanoseconds interval = options.interval.value_or(kAssumedInterval);
  const Nanoseconds first_wall = by_wall ? folders.front().time.wall->since_epoch : Nanoseconds{0};
  std::vector<Moment> moments;
  for (std::size_t i = 0; i < folders.size(); ++i) {
    const Folder& folder = folders[i];
    Moment moment;
    if (by_uptime) {
      moment.boot.since_boot = *folder.time.uptime;
    } else if (by_wall) {
      moment.boot.since_boot = folder.time.wall->since_epoch - first_wall;
    } else {
      moment.boot.since_boot = interval * static_cast<std::int64_t>(i);
    }
    moment.wall = folder.time.wall.value_or(WallTime{moment.boot.since_boot});
    moment.monotonic = folder.stamp ? folder.stamp->time.monotonic : moment.boot.since_boot;
    if (by_wall && !folder.time.zone_is_known) {
      gathered.partial(fmt::format("the time zone of {} is not known: its times are taken as UTC", folder.name));
    }
    if (folder.time.from.starts_with("when")) {
      gathered.partial(fmt::format("the time of {} is {}", folder.name, folder.time.from));
    }
    moments.push_back(moment);
  }
  if (!by_uptime && !by_wall && folders.size() > 1) {
    gathered.partial(fmt::format("not all folders tell their time: taken in the order given, {} apart{}",
                                 to_human(interval), options.interval ? "" : ", which is assumed"));
  }
  return moments;
}

/// What was unpacked lies in a directory that is gone when somebody reads of it.
void as_the_user_knows_it(std::string& text, const Folder& folder) {
  replace_all(text, folder.root.path(), folder.name);
}

void sample(sources::Source& source, model::SampleSink& sink, std::vector<Coverage>& coverage) {
  if (const auto read = source.sample(sink); !read) {
    coverage.push_back(model::coverage_from_error(std::string(source.info().name), read.error()));
  }
  std::ranges::move(source.coverage(), std::back_inserter(coverage));
}

/// What the folder's files say becomes one sample. Sources that look closer at what others made known come last.
void read_folder(const Folder& folder, const Moment& moment, const model::Sample* told_by_tools,
                 Observation& observation, std::vector<Coverage>& coverage, std::vector<model::Loss>& losses) {
  sources::procfs::HostReading host = sources::procfs::read_host(folder.root);
  if (host.host.hostname.empty()) host.host.hostname = folder.hostname;
  SourceSet set = open_sources(folder.root, host.host.page_size, {.root = folder.root.path(), .use_bpf = false});
  coverage = std::move(host.coverage);
  if (folder.stamp) std::ranges::copy(folder.stamp->missing, std::back_inserter(coverage));
  if (folder.bad_stamp) coverage.push_back(model::coverage_from_error(std::string(kSource), *folder.bad_stamp));
  std::ranges::move(set.not_opened, std::back_inserter(coverage));
  model::Sample seen;
  seen.time = moment;
  model::SampleSink sink(observation.registry(), seen);
  for (const bool waits : {false, true}) {
    for (const auto& source : set.opened) {
      if (source->info().may_block != waits) continue;
      const std::size_t before = seen.readings.size();
      const std::size_t faults = coverage.size();
      sample(*source, sink, coverage);
      if (coverage.size() > faults && coverage[faults].state != Coverage::State::kOk && before == seen.readings.size())
        continue;
      std::ranges::move(source->losses(), std::back_inserter(losses));
    }
  }
  if (told_by_tools != nullptr) std::ranges::copy(told_by_tools->readings, std::back_inserter(seen.readings));
  for (Coverage& entry : coverage) {
    as_the_user_knows_it(entry.why, folder);
    as_the_user_knows_it(entry.remedy, folder);
  }
  observation.host = std::move(host.host);
  observation.add(seen);
}

bool has_process_files(const Folder& folder) {
  const auto names = folder.root.list("proc");
  return names && std::ranges::any_of(*names, [&](const std::string& name) {
           return parse_number<std::uint32_t>(name) && folder.root.exists("proc/" + name + "/stat");
         });
}

/// sosreports keep what ps printed and no /proc/PID/stat.
std::vector<model::Sample> processes_of(Gathered& gathered, const std::shared_ptr<model::Registry>& registry) {
  if (std::ranges::any_of(gathered.folders, has_process_files)) return {};
  std::vector<const RootedDir*> roots;
  roots.reserve(gathered.folders.size());
  for (const Folder& folder : gathered.folders) roots.push_back(&folder.root);
  std::vector<Coverage> coverage;
  auto samples = processes_told_by_ps(roots, registry, coverage);
  for (Coverage& entry : coverage) {
    for (const Folder& folder : gathered.folders) as_the_user_knows_it(entry.why, folder);
    gathered.coverage.push_back(std::move(entry));
  }
  return samples;
}

/// "sos_commands/memory/free": what tools printed is a series of its own, if it is one. sar's binary files need sadf.
void tell_of_texts(const Folder& folder, const std::string& before_command, std::vector<Coverage>& coverage) {
  std::vector<std::string> names = texts_not_read(folder.root);
  if (names.empty()) return;
  const std::string first = fmt::format("{}/{}", folder.name, names.front());
  const bool is_binary =
      names.front().starts_with("sos_commands/sar/sa") && !names.front().starts_with("sos_commands/sar/sar");
  const std::string command = is_binary ? fmt::format("sadf -j {} -- -r ALL -S -v | leakscope diagnose --from -", first)
                                        : "leakscope diagnose --from " + first;
  coverage.push_back({"texts of tools", Coverage::State::kPartial,
                      fmt::format("not read in {}: {}", folder.name, fmt::join(names, ", ")),
                      before_command + command});
}

/// The kernel logs in a folder: what they tell of OOM kills, and what else of its texts could be judged by its name.
void read_texts(const Folder& folder, Observed& seen, std::vector<Coverage>& coverage) {
  const std::string before_command = folder.name == folder.root.path() ? "" : "unpack it, then: ";
  OomLog log = kernel_logs_of(folder.root);
  std::vector<std::string> files;
  for (LoggedReport& logged : log.reports) {
    as_the_user_knows_it(logged.file, folder);
    if (std::ranges::find(files, logged.file) == files.end()) files.push_back(logged.file);
    // Seconds from boot alone are those of the boot that the folder shows.
    const auto booted = booted_at(folder);
    if (!logged.wall && logged.since_boot && booted) logged.wall = WallTime{*booted + *logged.since_boot};
  }
  for (const std::string& file : files) {
    auto entry =
        coverage_of_reports(log.reports, file, fmt::format("{}leakscope diagnose --from {}", before_command, file));
    entry->why = fmt::format("{}: {}", std::exchange(entry->source, "kernel log"), entry->why);
    coverage.push_back(std::move(*entry));
  }
  for (Coverage& entry : log.coverage) {
    if (entry.state == Coverage::State::kOk) continue;
    as_the_user_knows_it(entry.source, folder);
    coverage.push_back(std::move(entry));
  }
  list_reports(std::move(log), seen);
  tell_of_texts(folder, before_command, coverage);
}

/// That of the last folder, and of the earlier ones what is not a fault of the last, too.
void add_coverage(Observation& observation, const Folder& folder, std::vector<Coverage> coverage, bool is_last) {
  for (Coverage& entry : coverage) {
    if (is_last) {
      observation.coverage.push_back(std::move(entry));
      continue;
    }
    if (entry.state == Coverage::State::kOk) continue;
    const bool known = std::ranges::any_of(observation.coverage, [&](const Coverage& other) {
      return other.source == entry.source && other.state == entry.state;
    });
    if (known) continue;
    entry.why = fmt::format("{}: {}", folder.name, entry.why);
    observation.coverage.push_back(std::move(entry));
  }
}

}  // namespace

Result<Observed> observe_moments(const std::vector<Evidence::Part>& parts, const EvidenceOptions& options) {
  auto gathered = gather(parts);
  if (!gathered) return std::unexpected(std::move(gathered.error()));
  choose(*gathered);
  const std::vector<Moment> moments = moments_of(*gathered, options);
  const auto registry = std::make_shared<model::Registry>();
  const std::vector<model::Sample> processes = processes_of(*gathered, registry);
  Observed seen{std::make_unique<Observation>(registry), {}};
  Observation& observation = *seen.observation;
  std::vector<std::vector<Coverage>> coverage(moments.size());
  for (std::size_t i = 0; i < moments.size(); ++i) {
    const Folder& folder = gathered->folders[i];
    if (i > 0 && moments[i].boot <= observation.end()->boot) {
      gathered->partial(fmt::format("{} is of the same moment as another folder and was left out", folder.name));
      continue;
    }
    read_folder(folder, moments[i], processes.empty() ? nullptr : &processes[i], observation, coverage[i],
                observation.losses);
    read_texts(folder, seen, coverage[i]);
  }
  for (std::size_t i = moments.size(); i-- > 0;) {
    add_coverage(observation, gathered->folders[i], std::move(coverage[i]), i + 1 == moments.size());
  }
  std::ranges::move(gathered->coverage, std::back_inserter(observation.coverage));
  std::ranges::move(gathered->losses, std::back_inserter(observation.losses));
  return seen;
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): the analyzer loses the move into the result

}  // namespace leakscope::session
