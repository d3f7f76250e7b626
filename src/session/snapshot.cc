#include "session/snapshot.h"

#include <memory>
#include <utility>

#include <fmt/format.h>

#include "session/redaction.h"
#include "sources/procfs/boot_parameters.h"
#include "sources/redaction/file_redaction.h"
#include "sources/snapshot/snapshot_writer.h"

namespace leakscope::session {

Result<TakenSnapshot> take_snapshot(const TakeSnapshotOptions& options) {
  auto root = RootedDir::open(options.root);
  if (!root) return std::unexpected(std::move(root.error()));
  sources::snapshot::SnapshotOptions writing;
  writing.directory = options.directory;
  writing.time = SystemClock().now();
  writing.tool_version = LEAKSCOPE_VERSION;
  writing.kernel_command_line = [](std::string_view text) { return sources::procfs::without_private_values(text); };
  if (options.redact) {
    const auto names = pseudonyms(options.redact_key);
    if (!names) return std::unexpected(names.error());
    writing.contents = [names = *names](std::string_view path, std::string_view text) {
      return sources::redaction::redact_file(path, text, *names);
    };
    writing.path = [names = *names](std::string_view path) {
      return sources::redaction::redact_file_path(path, *names);
    };
  }
  auto written = sources::snapshot::write_snapshot(std::make_shared<const RootedDir>(*std::move(root)), writing);
  if (!written) return std::unexpected(std::move(written.error()));
  TakenSnapshot taken{.files = written->files, .size = Bytes(static_cast<std::int64_t>(written->bytes)), .missing = {}};
  for (const model::Coverage& entry : written->stamp.missing) {
    taken.missing.push_back(fmt::format("{}: {}", entry.source, entry.why));
  }
  return taken;
}

}  // namespace leakscope::session
