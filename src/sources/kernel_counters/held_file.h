#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/rooted_dir.h"
#include "model/coverage.h"

namespace leakscope::sources::kernel_counters {

/// One small file that a source reads again and again through a held descriptor. A file that is not there (conntrack
/// is a module) is looked for again now and then.
class HeldFile {
 public:
  /// `source` is the word of coverage, `path` below the root.
  HeldFile(const RootedDir& root, std::string_view source, std::string_view path);

  /// Fresh contents, good until the next read; nothing when it cannot be read, which coverage() then tells.
  [[nodiscard]] std::optional<std::string_view> read();
  /// The contents did not parse; stays in coverage().
  void refuse(const Error& error);

  [[nodiscard]] bool is_open() const { return fd_.is_open(); }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] model::Coverage coverage() const;

 private:
  void try_open();

  const RootedDir& root_;
  std::string source_;
  std::string path_;
  std::string name_;
  UniqueFd fd_;
  FileBuffer buffer_;
  std::optional<Error> error_;
  unsigned reads_ = 0;
};

/// Reads and parses in one step: `parse` gives a Result; nothing when the file or its contents are not to be had.
template <class Parse>
[[nodiscard]] auto read_parsed(HeldFile& file, Parse parse)
    -> std::optional<typename decltype(parse(std::string_view{}))::value_type> {
  const auto text = file.read();
  if (!text) return std::nullopt;
  auto parsed = parse(*text);
  if (!parsed) {
    file.refuse(parsed.error());
    return std::nullopt;
  }
  return std::move(*parsed);
}

}  // namespace leakscope::sources::kernel_counters
