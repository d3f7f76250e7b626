#include "session/show.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "model/registry.h"
#include "session/standard_input.h"
#include "sources/recording/export.h"
#include "sources/recording/recording_reader.h"
#include "sources/recording/summary.h"

namespace leakscope::session {
namespace {

namespace recording = sources::recording;
using report::Cell;
using report::ColumnKind;
using report::Table;

using Stream = std::unique_ptr<sources::SampleStream>;

Result<Stream> open_stream(const std::string& path, const std::shared_ptr<model::Registry>& registry) {
  if (path != "-") return recording::open_recording(path, registry);
  auto fd = standard_input();
  if (!fd) return std::unexpected(std::move(fd.error()));
  return recording::open_recording(std::move(*fd), std::string(kStandardInput), registry);
}

/// Headers can only be looked over in what can be read twice.
bool is_file(const std::string& path) {
  struct stat status{};
  return path != "-" && ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

std::string ending_of(const recording::SessionSummary& session) {
  if (!session.ended) return "no end: killed, or still running";
  if (session.ended->not_written == 0) return "ended";
  return fmt::format("ended; {} samples could not be written", session.ended->not_written);
}

Cell seconds(std::optional<Nanoseconds> duration) {
  if (!duration) return {};
  return std::chrono::duration<double>(*duration).count();
}

Table sessions_table(const recording::RecordingSummary& summary) {
  Table table{.id = "sessions", .title = "sessions"};
  table.columns = {{"start", "start", ColumnKind::kText},
                   {"length", "length", ColumnKind::kSeconds},
                   {"samples", "samples", ColumnKind::kCount},
                   {"interval", "interval", ColumnKind::kSeconds},
                   {"thinned_to_1_of", "1 of", ColumnKind::kCount},
                   {"size", "size", ColumnKind::kBytes},
                   {"boot", "boot", ColumnKind::kCount},
                   {"kernel", "kernel", ColumnKind::kText},
                   {"ending", "", ColumnKind::kText}};
  std::vector<std::string> boots;
  for (const recording::SessionSummary& session : summary.sessions) {
    std::optional<Nanoseconds> length;
    if (session.start && session.end) length = session.end->since_epoch - session.start->since_epoch;
    const recording::SessionFacts facts = session.facts.value_or(recording::SessionFacts{});
    auto boot = std::ranges::find(boots, facts.host.boot_id);
    if (boot == boots.end()) boot = boots.insert(boots.end(), facts.host.boot_id);
    table.rows.push_back({session.start ? Cell(to_rfc3339(*session.start)) : Cell(), seconds(length),
                          static_cast<std::int64_t>(session.rows), seconds(facts.interval),
                          std::int64_t{session.thinning}, static_cast<std::int64_t>(session.bytes),
                          facts.host.boot_id.empty() ? Cell() : Cell(std::int64_t{boot - boots.begin() + 1}),
                          facts.host.kernel_release, ending_of(session)});
  }
  return table;
}

std::string cgroups_text(int version) {
  return version == 12 ? "v2, with the memory controller in v1" : fmt::format("v{}", version);
}

/// What the machine is, beyond the name and release that stand above every answer.
Table host_table(const model::Host& host) {
  Table table{.id = "host", .title = "the machine"};
  table.columns = {{"fact", "", ColumnKind::kText}, {"value", "", ColumnKind::kText}};
  const auto add = [&](const char* fact, std::string value) {
    if (!value.empty()) table.rows.push_back({std::string(fact), std::move(value)});
  };
  add("kernel", host.kernel_version);
  add("machine", host.machine);
  add("CPUs", host.cpus ? fmt::format("{}", *host.cpus) : "");
  add("page size", to_human(Bytes(host.page_size.bytes)));
  add("virtualization", host.virtualization);
  add("transparent hugepages", host.transparent_hugepages);
  if (host.cgroup_version) add("cgroups", cgroups_text(*host.cgroup_version));
  add("boot id", host.boot_id);
  add("modules", host.modules.empty() ? "" : fmt::format("{}", host.modules.size()));
  return table;
}

/// What is too long for a line of a table.
std::vector<std::string> host_details(const model::Host& host) {
  std::vector<std::string> details;
  if (!host.command_line.empty()) details.push_back("Command line of the kernel: " + host.command_line);
  if (!host.modules.empty()) details.push_back(fmt::format("Modules: {}", fmt::join(host.modules, ", ")));
  return details;
}

/// Goes over all samples and counts.
class Census {
 public:
  void take(const model::Sample& sample) {
    if (!window_.start) window_.start = sample.time;
    window_.end = sample.time;
    ++window_.samples;
    for (const model::Reading& reading : sample.readings) {
      if (reading.subject.index >= readings_.size()) readings_.resize(std::size_t{reading.subject.index} + 1);
      ++readings_[reading.subject.index];
    }
    for (const model::Event& event : sample.events) {
      const auto found = std::ranges::find(events_, event.kind, &EventCount::kind);
      if (found == events_.end()) {
        events_.push_back({event.kind, 1, event.time.wall});
      } else {
        ++found->count;
        found->last = event.time.wall;
      }
    }
  }

  [[nodiscard]] const report::Window& window() const { return window_; }
  [[nodiscard]] std::size_t subjects() const {
    return readings_.size() - static_cast<std::size_t>(std::ranges::count(readings_, 0U));
  }

  [[nodiscard]] Table subjects_table(const model::Registry& registry) const {
    struct Kind {
      std::int64_t subjects = 0;
      std::int64_t readings = 0;
    };
    std::array<Kind, model::kSubjectKindCount> kinds{};
    for (std::uint32_t index = 0; index < readings_.size(); ++index) {
      if (readings_[index] == 0) continue;
      Kind& kind = kinds[static_cast<std::size_t>(registry.info({index}).key.kind)];
      ++kind.subjects;
      kind.readings += static_cast<std::int64_t>(readings_[index]);
    }
    Table table{.id = "subjects", .title = "what was observed"};
    table.columns = {{"kind", "kind", ColumnKind::kText},
                     {"subjects", "subjects", ColumnKind::kCount},
                     {"readings", "readings", ColumnKind::kCount}};
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      if (kinds[i].subjects == 0) continue;
      table.rows.push_back(
          {std::string(to_string(static_cast<model::SubjectKind>(i))), kinds[i].subjects, kinds[i].readings});
    }
    return table;
  }

  [[nodiscard]] Table events_table() const {
    Table table{.id = "event_kinds", .title = "events"};
    table.columns = {{"kind", "kind", ColumnKind::kText},
                     {"count", "count", ColumnKind::kCount},
                     {"last", "last", ColumnKind::kText}};
    for (const EventCount& event : events_) {
      table.rows.push_back({std::string(to_string(event.kind)), event.count, to_rfc3339(event.last)});
    }
    return table;
  }

 private:
  struct EventCount {
    model::EventKind kind;
    std::int64_t count;
    WallTime last;
  };
  report::Window window_;
  std::vector<std::uint64_t> readings_;  ///< by index of the subject
  std::vector<EventCount> events_;
};

std::string headline_of(const std::string& path, const Census& census) {
  const report::Window& window = census.window();
  if (!window.start) return "The recording holds no samples.";
  return fmt::format("{} samples from {} to {} of {} subjects. Judge them: leakscope diagnose --from {}",
                     window.samples, to_rfc3339(window.start->wall), to_rfc3339(window.end->wall), census.subjects(),
                     path);
}

}  // namespace

Result<report::Document> show_recording(const std::string& path) {
  report::Document document;
  document.command = "show";
  if (is_file(path)) {
    auto summary = recording::summarize(path);
    if (!summary) return std::unexpected(std::move(summary.error()));
    document.tables.push_back(sessions_table(*summary));
  }
  auto registry = std::make_shared<model::Registry>();
  auto stream = open_stream(path, registry);
  if (!stream) return std::unexpected(std::move(stream.error()));
  Census census;
  model::Sample sample;
  for (;;) {
    auto more = (*stream)->next(sample);
    // What came before is good, and is shown.
    if (!more) document.coverage.push_back(model::coverage_from_error("recording", more.error()));
    if (!more || !*more) break;
    census.take(sample);
  }
  document.host = (*stream)->host();
  document.window = census.window();
  document.headline = headline_of(path, census);
  document.details = host_details(document.host);
  document.tables.insert(document.tables.begin(), host_table(document.host));
  document.tables.push_back(census.subjects_table(*registry));
  document.tables.push_back(census.events_table());
  std::erase_if(document.tables, [](const Table& table) { return table.rows.empty(); });
  std::ranges::move((*stream)->coverage(), std::back_inserter(document.coverage));
  document.losses = (*stream)->losses();
  return document;
}

Result<std::vector<model::Loss>> export_recording(const std::string& path, ExportFormat format,
                                                  const std::function<Result<>(std::string_view text)>& out) {
  auto registry = std::make_shared<model::Registry>();
  auto stream = open_stream(path, registry);
  if (!stream) return std::unexpected(std::move(stream.error()));
  const auto done = format == ExportFormat::kCsv ? recording::export_csv(**stream, *registry, out)
                                                 : recording::export_ndjson(**stream, *registry, out);
  if (!done) return std::unexpected(done.error());
  return (*stream)->losses();
}

}  // namespace leakscope::session
