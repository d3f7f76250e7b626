#include "session/tool_texts.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "sources/logs/byte_stream.h"
#include "sources/logs/log_reader.h"
#include "sources/logs/tables/tool_tables.h"
#include "sources/snapshot/layout.h"

namespace leakscope::session {
namespace {

namespace logs = sources::logs;

/// "sos_commands/process/ps_auxwwwm", "ps": the widest of them, by the order of their names.
std::optional<std::string> text_of_ps(const RootedDir& folder) {
  for (std::string& path : sources::snapshot::texts_of_tools(folder)) {
    const std::size_t slash = path.rfind('/');
    const std::string_view name = std::string_view(path).substr(slash == std::string::npos ? 0 : slash + 1);
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

}  // namespace leakscope::session
