#pragma once

#include <string>

#include "cli/command.h"

namespace leakscope::cli {

/// `leakscope --help`: what it is, the commands, where to go on.
[[nodiscard]] std::string program_help();
/// `leakscope COMMAND --help`, generated from the command's rows.
[[nodiscard]] std::string command_help(const Command& command);
/// A completion script for bash, generated from the same rows.
[[nodiscard]] std::string bash_completion();

}  // namespace leakscope::cli
