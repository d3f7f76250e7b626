#include "session/tool_texts.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

#include "session/kernel_log_report.h"
#include "sources/logs/byte_stream.h"
#include "sources/logs/log_reader.h"
#include "sources/logs/tables/tool_tables.h"
#include "sources/snapshot/layout.h"

namespace leakscope::session {
namespace {

namespace logs = sources::logs;

std::string_view name_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return path.substr(slash == std::string_view::npos ? 0 : slash + 1);
}

bool starts_with_any(std::string_view name, std::span<const std::string_view> beginnings) {
  return std::ranges::any_of(beginnings, [name](std::string_view beginning) { return name.starts_with(beginning); });
}

/// "sos_commands/process/ps_auxwwwm", "ps": the widest of them, by the order of their names.
std::optional<std::string> text_of_ps(const RootedDir& folder) {
  for (std::string& path : sources::snapshot::texts_of_tools(folder)) {
    const std::string_view name = name_of(path);
    if (name == "ps" || name.starts_with("ps_aux")) return std::move(path);
  }
  return std::nullopt;
}

}  // namespace

std::vector<model::Sample> processes_told_by_ps(std::span<const RootedDir* const> folders,
                                                const std::shared_ptr<model::Registry>& registry,
                                                std::vector<model::Coverage>& coverage) {
  std::vector<logs::LogInput> inputs;
  for (const RootedDir* folder : folders) {
    const auto path = text_of_ps(*folder);
    if (!path) return {};
    auto fd = folder->open_file(*path);
    if (!fd) return {};
    auto bytes = logs::open_bytes(std::move(*fd), folder->display(*path));
    if (!bytes) return {};
    inputs.push_back({folder->display(*path), std::move(*bytes)});
  }
  std::vector<std::unique_ptr<sources::LogFormat>> formats;
  formats.push_back(logs::ps_table());
  logs::LogReader reader(std::move(inputs), std::move(formats), registry, {});
  std::vector<model::Sample> samples;
  model::Sample sample;
  for (auto more = reader.next(sample); more && *more; more = reader.next(sample)) samples.push_back(sample);
  // Times are the folders', and what a log of ps alone lacks they may have.
  for (model::Coverage& entry : reader.coverage()) {
    if (entry.source == "ps table") coverage.push_back(std::move(entry));
  }
  if (samples.size() == folders.size()) return samples;
  coverage.push_back({"ps table",
                      model::Coverage::State::kPartial,
                      "the output of ps cannot be told apart by folder, so processes were left out",
                      {}});
  return {};
}

OomLog kernel_logs_of(const RootedDir& folder) {
  static constexpr auto kLogs =
      std::to_array<std::string_view>({"dmesg", "journalctl", "kern.log", "messages", "syslog"});
  std::vector<KernelLogInput> inputs;
  std::vector<model::Coverage> not_read;
  for (const std::string& path : sources::snapshot::texts_of_tools(folder)) {
    if (!starts_with_any(name_of(path), kLogs)) continue;
    auto fd = folder.open_file(path);
    // sosreports have links at their top to what stands further below.
    if (!fd) continue;
    auto input = open_kernel_log(folder.display(path), std::move(*fd));
    if (input) {
      inputs.push_back(std::move(*input));
    } else {
      not_read.push_back(model::coverage_from_error(folder.display(path), input.error()));
    }
  }
  auto log = read_oom_logs(inputs);
  if (!log) {
    not_read.push_back(model::coverage_from_error("kernel log", log.error()));
    log = OomLog{};
  }
  std::ranges::move(not_read, std::back_inserter(log->coverage));
  return std::move(*log);
}

std::vector<std::string> texts_not_read(const RootedDir& folder) {
  static constexpr auto kTools = std::to_array<std::string_view>({"free", "slabtop", "vmstat", "sar", "sa"});
  std::vector<std::string> paths = sources::snapshot::texts_of_tools(folder);
  std::erase_if(paths, [](const std::string& path) { return !starts_with_any(name_of(path), kTools); });
  return paths;
}

}  // namespace leakscope::session
