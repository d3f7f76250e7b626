#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace leakscope {

/// Compares with the file that a person has read and accepted. LEAKSCOPE_ACCEPT=1 in the environment rewrites the file
/// in the source tree instead; what changed is then seen in `git diff`.
inline void expect_golden(const std::filesystem::path& file, std::string_view actual) {
  if (const char* accept = std::getenv("LEAKSCOPE_ACCEPT"); accept != nullptr && std::string_view(accept) == "1") {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << actual;
    return;
  }
  std::ifstream in(file, std::ios::binary);
  ASSERT_TRUE(in) << file << " is missing; LEAKSCOPE_ACCEPT=1 writes it";
  const std::string wanted{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  EXPECT_EQ(actual, wanted) << file << " differs; LEAKSCOPE_ACCEPT=1 rewrites it";
}

}  // namespace leakscope
