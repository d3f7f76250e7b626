#pragma once

#include <span>
#include <string>

namespace leakscope::cli {

/// Runs the program with the words behind its name and returns its exit code.
[[nodiscard]] int run_program(std::span<const std::string> words);

}  // namespace leakscope::cli
