#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/rooted_dir.h"

namespace leakscope::sources {

/// For tests alone: a folder of its own below the system's temporary one, filled like a /proc or /sys, and removed at
/// the end.
class TestTree {
 public:
  TestTree() {
    std::string name = (std::filesystem::temp_directory_path() / "leakscope-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path_ = name;
  }
  TestTree(const TestTree&) = delete;
  TestTree& operator=(const TestTree&) = delete;
  ~TestTree() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  /// Makes the folders on the way; a file that exists is rewritten in place.
  void write(std::string_view relative, std::string_view text) const {
    const std::filesystem::path file = path_ / relative;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
  }
  void remove(std::string_view relative) const { std::filesystem::remove_all(path_ / relative); }
  void symlink(std::string_view relative, std::string_view target) const {
    std::filesystem::create_directories((path_ / relative).parent_path());
    std::filesystem::create_symlink(target, path_ / relative);
  }

  [[nodiscard]] RootedDir root() const { return RootedDir::open(path_.string()).value(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// For tests alone: the text of a file of the test data.
[[nodiscard]] inline std::string test_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("no test data " + file.string());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace leakscope::sources
