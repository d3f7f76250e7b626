#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>

#include "base/rooted_dir.h"

namespace leakscope::sources::process {

struct MadeProcess {
  std::int32_t pid = 1;
  std::string comm = "made";
  std::uint64_t start = 1;
  std::int64_t anon_kib = 0;
  std::int64_t file_kib = 0;
  std::int64_t swap_kib = 0;
  bool kernel_thread = false;
  std::string executable = "/usr/bin/made";
  std::string cgroup = "0::/system.slice/made.service\n";
};

/// A /proc made by a test, in a folder that goes away with it.
class MadeProc {
 public:
  MadeProc() {
    std::string name = std::filesystem::temp_directory_path() / "leakscope-proc-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    std::filesystem::create_directory(folder_ / "proc");
  }
  MadeProc(const MadeProc&) = delete;
  MadeProc& operator=(const MadeProc&) = delete;
  ~MadeProc() { std::filesystem::remove_all(folder_); }

  /// Writes the files of a process, over those of an earlier one; held descriptors see the new contents.
  void add(const MadeProcess& p) const {
    const std::string pid = std::to_string(p.pid);
    std::filesystem::create_directory(folder_ / "proc" / pid);
    const std::int64_t rss = p.anon_kib + p.file_kib;
    write(pid + "/stat",
          fmt::format("{} ({}) S 0 1 1 0 -1 {} 0 0 0 0 7 2 0 0 20 0 1 0 {} {} {} 18446744073709551615 0\n", p.pid,
                      p.comm, p.kernel_thread ? 2129984 : 4194560, p.start, rss * 2048, rss / 4));
    write(pid + "/statm", p.kernel_thread ? std::string("0 0 0 0 0 0 0\n")
                                          : fmt::format("{} {} {} 1 0 1 0\n", rss / 2, rss / 4, p.file_kib / 4));
    std::string status = fmt::format("Name:\t{}\nState:\tS (sleeping)\nPid:\t{}\nUid:\t0\t0\t0\t0\n", p.comm, p.pid);
    if (!p.kernel_thread) {
      status += fmt::format(
          "VmSize:\t{} kB\nVmHWM:\t{} kB\nVmRSS:\t{} kB\nRssAnon:\t{} kB\nRssFile:\t{} kB\nRssShmem:\t0 kB\n"
          "VmPTE:\t52 kB\nVmSwap:\t{} kB\n",
          rss * 2, rss, rss, p.anon_kib, p.file_kib, p.swap_kib);
    }
    write(pid + "/status", status + "Threads:\t1\n");
    write(pid + "/cgroup", p.cgroup);
    std::filesystem::remove(folder_ / "proc" / pid / "exe");
    if (!p.kernel_thread) std::filesystem::create_symlink(p.executable, folder_ / "proc" / pid / "exe");
  }
  void write(const std::string& file, const std::string& text) const {
    std::ofstream(folder_ / "proc" / file, std::ios::binary) << text;
  }
  void remove(const std::string& file) const { std::filesystem::remove_all(folder_ / "proc" / file); }
  [[nodiscard]] RootedDir root() const { return RootedDir::open(folder_).value(); }
  [[nodiscard]] std::filesystem::path folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

}  // namespace leakscope::sources::process
