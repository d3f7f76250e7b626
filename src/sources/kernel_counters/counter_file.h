#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/rooted_dir.h"
#include "model/coverage.h"
#include "sources/held_file.h"

namespace leakscope::sources::kernel_counters {

/// A held file of its own coverage entry. One that is not there (conntrack is a module) is looked for again only now
/// and then.
class CounterFile {
 public:
  /// `source` is the word of coverage, `path` below the root.
  CounterFile(const RootedDir& root, std::string_view source, std::string_view path);

  /// Fresh contents, good until the next read; nothing when it cannot be read, which coverage() then tells.
  [[nodiscard]] std::optional<std::string_view> read();
  /// The contents did not parse; stays in coverage().
  void refuse(const Error& error);

  [[nodiscard]] bool is_open() const { return file_.fd() >= 0; }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] model::Coverage coverage() const;

 private:
  [[nodiscard]] std::optional<std::string_view> look();

  const RootedDir& root_;
  std::string source_;
  HeldFile file_;
  std::optional<Error> error_;
  unsigned reads_ = 0;
};

/// Reads and parses in one step: `parse` gives a Result; nothing when the file or its contents are not to be had.
template <class Parse>
[[nodiscard]] auto read_parsed(CounterFile& file, Parse parse)
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
