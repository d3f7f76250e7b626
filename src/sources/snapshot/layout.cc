#include "sources/snapshot/layout.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace leakscope::sources::snapshot {
namespace {

using Names = std::string_view;

constexpr auto kMachine =
    std::to_array<Names>({"meminfo", "vmstat", "zoneinfo", "buddyinfo", "stat", "uptime", "version", "loadavg", "swaps",
                          "diskstats", "slabinfo", "modules", "cgroups", "cpuinfo"});
constexpr auto kVmallocinfo = std::to_array<Names>({"vmallocinfo"});
constexpr auto kCommandLine = std::to_array<Names>({"cmdline"});
constexpr auto kPressure = std::to_array<Names>({"memory", "cpu", "io"});
constexpr auto kNet = std::to_array<Names>({"dev", "sockstat", "sockstat6"});
constexpr auto kSelf = std::to_array<Names>({"mountinfo"});
constexpr auto kSysFs = std::to_array<Names>({"dentry-state", "inode-nr", "file-nr"});
constexpr auto kSysInotify = std::to_array<Names>({"max_user_watches"});
constexpr auto kSysKernel =
    std::to_array<Names>({"hostname", "osrelease", "arch", "pid_max", "threads-max", "shmmni", "msgmni", "sem"});
constexpr auto kBootId = std::to_array<Names>({"boot_id"});
constexpr auto kConntrack = std::to_array<Names>({"nf_conntrack_count", "nf_conntrack_max"});
constexpr auto kSysvipc = std::to_array<Names>({"shm", "msg", "sem"});
constexpr auto kZfs = std::to_array<Names>({"arcstats", "abdstats"});
constexpr auto kProcess = std::to_array<Names>({"stat", "status", "statm", "cgroup", "limits"});
constexpr auto kRollup = std::to_array<Names>({"smaps_rollup"});
constexpr auto kOnline = std::to_array<Names>({"online"});
constexpr auto kMeminfo = std::to_array<Names>({"meminfo"});
constexpr auto kHugepages =
    std::to_array<Names>({"nr_hugepages", "free_hugepages", "resv_hugepages", "surplus_hugepages"});
constexpr auto kReclaim = std::to_array<Names>({"reclaim_account"});
constexpr auto kEnabled = std::to_array<Names>({"enabled"});
constexpr auto kZram = std::to_array<Names>({"mm_stat"});
constexpr auto kType = std::to_array<Names>({"type"});
constexpr auto kDmi = std::to_array<Names>({"sys_vendor", "product_name"});
constexpr auto kGtt = std::to_array<Names>({"mem_info_gtt_used"});
constexpr auto kBufinfo = std::to_array<Names>({"bufinfo"});
constexpr auto kVmmemctl = std::to_array<Names>({"vmmemctl"});
constexpr auto kBuffer = std::to_array<Names>({"size", "exporter_name"});
constexpr auto kHeaderPage = std::to_array<Names>({"header_page"});
constexpr auto kRings = std::to_array<Names>({"buffer_size_kb", "buffer_subbuf_size_kb"});
constexpr auto kCgroup = std::to_array<Names>({"memory.current",
                                               "memory.stat",
                                               "memory.events",
                                               "memory.swap.current",
                                               "cgroup.stat",
                                               "pids.current",
                                               "memory.max",
                                               "memory.high",
                                               "memory.swap.max",
                                               "pids.max",
                                               "memory.usage_in_bytes",
                                               "memory.oom_control",
                                               "memory.failcnt",
                                               "memory.memsw.usage_in_bytes",
                                               "memory.kmem.usage_in_bytes",
                                               "memory.kmem.tcp.usage_in_bytes",
                                               "memory.limit_in_bytes",
                                               "memory.memsw.limit_in_bytes",
                                               "cgroup.controllers",
                                               "cgroup.events"});
constexpr auto kReleaseAgent = std::to_array<Names>({"release_agent"});
constexpr auto kDockerenv = std::to_array<Names>({".dockerenv"});
constexpr auto kContainer = std::to_array<Names>({"container"});

constexpr auto kRows = std::to_array<Row>({
    {"proc", kMachine},
    {"proc", kVmallocinfo, Care::kWaits},
    {"proc", kCommandLine, Care::kKernelCommandLine},
    {"proc/pressure", kPressure},
    {"proc/net", kNet},
    {"proc/self", kSelf},
    {"proc/sys/fs", kSysFs},
    {"proc/sys/fs/inotify", kSysInotify},
    {"proc/sys/kernel", kSysKernel},
    {"proc/sys/kernel/random", kBootId},
    {"proc/sys/net/netfilter", kConntrack},
    {"proc/sysvipc", kSysvipc},
    {"proc/spl/kstat/zfs", kZfs},
    {"proc/#", kProcess},
    {"proc/#", kCommandLine, Care::kFirstWord},
    {"proc/#", kRollup, Care::kWaits},
    {"sys/devices/system/cpu", kOnline},
    {"sys/devices/system/node/node#", kMeminfo},
    {"sys/kernel/mm/hugepages/*", kHugepages},
    {"sys/kernel/mm/transparent_hugepage", kEnabled},
    {"sys/kernel/slab/*", kReclaim},
    {"sys/block/zram#", kZram},
    {"sys/hypervisor", kType},
    {"sys/class/dmi/id", kDmi},
    {"sys/class/drm/card#/device", kGtt},
    {"sys/kernel/debug/dma_buf", kBufinfo, Care::kWaits},
    {"sys/kernel/debug", kVmmemctl, Care::kWaits},
    {"sys/kernel/dmabuf/buffers/*", kBuffer},
    {"sys/kernel/tracing", kRings},
    {"sys/kernel/tracing/events", kHeaderPage},
    {"sys/kernel/tracing/per_cpu/cpu#", kRings},
    {"sys/kernel/tracing/instances/*", kRings},
    {"sys/kernel/tracing/instances/*/per_cpu/cpu#", kRings},
    {"sys/fs/cgroup/**", kCgroup},
    {"sys/fs/cgroup/**", kReleaseAgent, Care::kPresence},
    {"", kDockerenv, Care::kPresence},
    {"run/systemd", kContainer},
});

struct TextRow {
  std::string_view directory;
  std::string_view file;
};
// sos/report/plugins of sos 4 and links that it makes at the top of the report.
constexpr auto kTexts = std::to_array<TextRow>({
    {"", "date"},
    {"", "dmesg"},
    {"", "free"},
    {"", "ps"},
    {"", "uptime"},
    {"", "vmstat"},
    {"sos_commands/date", "date*"},
    {"sos_commands/general", "uptime*"},
    {"sos_commands/host", "uptime*"},
    {"sos_commands/kernel", "dmesg*"},
    {"sos_commands/logs", "journalctl*"},
    {"sos_commands/memory", "*"},
    {"sos_commands/process", "ps_*"},
    {"sos_commands/process", "pidstat*"},
    {"sos_commands/sar", "*"},
    {"var/log", "kern.log*"},
    {"var/log", "messages*"},
    {"var/log", "syslog*"},
});

struct FilePath {
  std::string_view directory;
  std::string_view file;
};

FilePath split_file(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

std::string_view first_component(std::string_view& path) {
  const std::size_t slash = path.find('/');
  const std::string_view first = path.substr(0, slash);
  path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  return first;
}

bool directory_matches(std::string_view pattern, std::string_view directory) {
  for (;;) {
    if (pattern == "**") return true;
    if (pattern.empty() || directory.empty()) return pattern.empty() && directory.empty();
    if (!name_matches(first_component(pattern), first_component(directory))) return false;
    // "a/**" is "a" itself, too.
    if (directory.empty() && pattern == "**") return true;
  }
}

std::string join(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty()) path += '/';
  path += name;
  return path;
}

bool is_directory(int parent, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat status{};
  return ::fstatat(parent, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

/// Directories in a directory; links are none.
std::vector<std::string> subdirectories(const RootedDir& root, const std::string& relative) {
  std::vector<std::string> names;
  const auto opened = root.open_dir(relative);
  if (!opened) return names;
  UniqueFd fd(::openat(opened->fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(fd.is_open() ? ::fdopendir(fd.get()) : nullptr, ::closedir);
  if (!listing) return names;
  const int parent = fd.release();
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != ".." && is_directory(parent, *entry)) names.emplace_back(name);
  }
  return names;
}

class Expansion {
 public:
  Expansion(const RootedDir& root, std::size_t most) : root_(root), most_(most) {}

  void expand(const std::string& at, std::string_view pattern, int depth) {
    constexpr int kDeepest = 64;
    if (found_.cut || depth > kDeepest) return;
    if (pattern.empty()) return add(at);
    if (pattern == "**") {
      add(at);
      for (const std::string& name : subdirectories(root_, at)) expand(join(at, name), pattern, depth + 1);
      return;
    }
    const std::string_view component = first_component(pattern);
    if (component.find_first_of("*#") == std::string_view::npos) return expand(join(at, component), pattern, depth + 1);
    for (const std::string& name : root_.list(at).value_or(std::vector<std::string>{})) {
      if (name_matches(component, name)) expand(join(at, name), pattern, depth + 1);
    }
  }
  Directories take() {
    std::ranges::sort(found_.paths);
    return std::move(found_);
  }

 private:
  void add(const std::string& path) {
    if (found_.paths.size() < most_) {
      found_.paths.push_back(path);
    } else {
      found_.cut = true;
    }
  }

  const RootedDir& root_;
  std::size_t most_;
  Directories found_;
};

}  // namespace

std::span<const Row> rows() { return kRows; }

bool name_matches(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() == '*') {
    if (name.starts_with(':')) return false;
    for (std::size_t skip = 0; skip <= name.size(); ++skip) {
      if (name_matches(pattern.substr(1), name.substr(skip))) return true;
    }
    return false;
  }
  if (pattern.front() == '#') {
    const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
    return digits > 0 && name_matches(pattern.substr(1), name.substr(digits));
  }
  return !name.empty() && name.front() == pattern.front() && name_matches(pattern.substr(1), name.substr(1));
}

bool is_kept(std::string_view path) {
  const FilePath wanted = split_file(path);
  return std::ranges::any_of(kRows, [&](const Row& row) {
    return std::ranges::find(row.files, wanted.file) != row.files.end() &&
           directory_matches(row.directory, wanted.directory);
  });
}

bool is_text_of_a_tool(std::string_view path) {
  const FilePath wanted = split_file(path);
  return std::ranges::any_of(kTexts, [&](const TextRow& row) {
    return row.directory == wanted.directory && name_matches(row.file, wanted.file);
  });
}

std::vector<std::string> texts_of_tools(const RootedDir& root) {
  std::vector<std::string> paths;
  for (const TextRow& row : kTexts) {
    for (const std::string& name : root.list(row.directory).value_or(std::vector<std::string>{})) {
      if (name_matches(row.file, name)) paths.push_back(join(row.directory, name));
    }
  }
  std::ranges::sort(paths);
  paths.erase(std::ranges::unique(paths).begin(), paths.end());
  return paths;
}

Directories directories_of(const RootedDir& root, std::string_view pattern, std::size_t most) {
  Expansion expansion(root, most);
  expansion.expand({}, pattern, 0);
  return expansion.take();
}

}  // namespace leakscope::sources::snapshot
