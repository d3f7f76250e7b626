#pragma once

#include <span>
#include <string>

#include "cli/command.h"

namespace leakscope::cli {

/// Sorts a command's words by its rows of flags.
class Parser {
 public:
  /// `words` are those behind the command's name. An unknown flag, a missing value or too many words is kUsage.
  [[nodiscard]] static Result<Arguments> parse(const Command& command, std::span<const std::string> words);
};

}  // namespace leakscope::cli
