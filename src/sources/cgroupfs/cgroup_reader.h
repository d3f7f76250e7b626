#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/rooted_dir.h"
#include "base/unique_fd.h"
#include "sources/cgroupfs/cgroup_files.h"
#include "sources/cgroupfs/cgroup_mounts.h"

namespace leakscope::sources::cgroupfs {

/// Reads the files of one cgroup after the other. Cgroups are named by their path below the hierarchy's directory: ""
/// is the directory itself, else "/system.slice/x.service".
class CgroupReader {
 public:
  static constexpr std::size_t kMostFiles = 8;

  /// What is kept for one cgroup between two reads.
  struct Memory {
    /// Descriptors of its amounts, filled at the next read and kept. An open descriptor does not keep a removed cgroup
    /// alive (measured on 6.18: num_cgroups falls at once); reading it gives ENODEV.
    bool hold = false;
    std::array<UniqueFd, kMostFiles> held;
    std::uint32_t absent = 0;  ///< bit per file that the cgroup does not have (its controller is off)

    void release() {
      for (UniqueFd& fd : held) fd.reset();
    }
  };

  enum class Outcome : std::uint8_t { kRead, kGone };

  [[nodiscard]] static Result<CgroupReader> open(const RootedDir& root, const Hierarchies& where);

  /// Amounts: what changes with every allocation. kGone: the cgroup was removed.
  [[nodiscard]] Outcome read_amounts(std::string_view path, Memory& memory, CgroupValues& out);
  /// Limits; also looks again for files that were absent.
  [[nodiscard]] Outcome read_limits(std::string_view path, Memory& memory, CgroupValues& out);

  /// Descriptors that one cgroup takes when it is held.
  [[nodiscard]] std::size_t descriptors_per_cgroup() const;
  [[nodiscard]] const RootedDir& directory() const { return main_; }
  [[nodiscard]] int version() const { return version_; }
  /// The first thing that went wrong and is no absence, since the last call.
  [[nodiscard]] std::optional<Error> take_trouble() { return std::exchange(trouble_, std::nullopt); }

 private:
  CgroupReader(int version, RootedDir main, std::optional<RootedDir> pids)
      : version_(version), main_(std::move(main)), pids_(std::move(pids)) {}

  struct File;
  [[nodiscard]] Outcome read_files(std::string_view path, Memory& memory, bool limits, CgroupValues& out);
  [[nodiscard]] Result<std::string_view> read_file(const File& file, std::size_t slot, std::string_view path,
                                                   Memory& memory);
  void parse(const File& file, std::string_view path, std::string_view text, CgroupValues& out);
  void note(Error error, std::string_view path);

  static const std::array<File, 10> kFilesV2;
  static const std::array<File, 11> kFilesV1;

  int version_;
  RootedDir main_;
  std::optional<RootedDir> pids_;
  FileBuffer buffer_;
  std::string name_;
  std::optional<Error> trouble_;
};

}  // namespace leakscope::sources::cgroupfs
