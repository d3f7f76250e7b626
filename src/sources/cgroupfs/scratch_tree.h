#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "base/rooted_dir.h"

namespace leakscope::sources::cgroupfs {

/// For tests: a recorded tree in a folder of its own, removed at the end.
class ScratchTree {
 public:
  ScratchTree() {
    std::string name = (std::filesystem::temp_directory_path() / "leakscope-cgroupfs-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~ScratchTree() {
    if (!path_.empty()) std::filesystem::remove_all(path_);
  }
  ScratchTree(const ScratchTree&) = delete;
  ScratchTree& operator=(const ScratchTree&) = delete;

  void write(const std::string& relative, const std::string& text) const {
    const auto file = path_ / relative;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }
  void make_directory(const std::string& relative) const { std::filesystem::create_directories(path_ / relative); }
  void remove(const std::string& relative) const { std::filesystem::remove_all(path_ / relative); }
  [[nodiscard]] RootedDir root() const { return RootedDir::open(path_.string()).value(); }

 private:
  std::filesystem::path path_;
};

}  // namespace leakscope::sources::cgroupfs
