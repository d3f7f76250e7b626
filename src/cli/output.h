#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/unique_fd.h"
#include "cli/command.h"
#include "report/document.h"

namespace leakscope::cli {

/// Whether write_document() could create its file: asked before hours of watching, not after.
[[nodiscard]] Result<> check_output(const Arguments& arguments);
/// Renders the document as the common flags ask and writes it to standard output or to -o FILE. A file is made anew,
/// 0600, never through a symbolic link; an existing one is replaced with --force only.
[[nodiscard]] Result<> write_document(const Arguments& arguments, const report::Document& document);

/// Where text goes piece by piece, when it is too much to be held: by the same flags and rules as write_document().
class TextOutput {
 public:
  [[nodiscard]] static Result<TextOutput> open(const Arguments& arguments);
  [[nodiscard]] Result<> write(std::string_view text);
  /// A pipe's reader went away: the last write() said so with an error.
  [[nodiscard]] bool reader_is_gone() const { return reader_is_gone_; }

 private:
  TextOutput(UniqueFd file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}
  UniqueFd file_;  ///< closed: standard output
  std::string name_;
  bool reader_is_gone_ = false;
};

/// Writes all of the text to a descriptor; a reader that went away (EPIPE) is no error.
[[nodiscard]] Result<> write_all(int fd, std::string_view text, std::string_view name);

/// The exit code that goes with a verdict.
[[nodiscard]] ExitCode exit_code_for(const report::Document& document);

}  // namespace leakscope::cli
