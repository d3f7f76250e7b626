#include "sources/snapshot/folder.h"

#include <algorithm>

#include "base/text_cursor.h"

namespace leakscope::sources::snapshot {
namespace {

constexpr std::size_t kMostFolders = 10'000;
constexpr std::size_t kMostStamp = 4 << 20;

std::string word_of(const RootedDir& root, std::string_view path) {
  FileBuffer buffer;
  const auto text = root.read(path, buffer, 4096);
  return text ? std::string(trim(*text)) : std::string{};
}

/// Where distributions keep what the kernel logged.
bool has_kernel_log(const RootedDir& root) {
  return root.exists("var/log/messages") || root.exists("var/log/kern.log") || root.exists("var/log/syslog");
}

bool is_moment(const RootedDir& root) {
  return root.exists("proc/meminfo") || root.exists("sos_commands") || root.exists(kStampFile) || has_kernel_log(root);
}

/// The root of the moment that the directory is, if it is one.
std::optional<RootedDir> root_in(RootedDir directory) {
  if (is_moment(directory)) return directory;
  if (directory.exists("meminfo") && (directory.exists("vmstat") || directory.exists("stat"))) {
    return std::move(directory).as_proc();
  }
  return std::nullopt;
}

Folder describe(std::string name, RootedDir root) {
  Folder folder{std::move(name), std::move(root), {}, {}, {}, {}, {}};
  FileBuffer buffer;
  if (const auto text = folder.root.read(kStampFile, buffer, kMostStamp)) {
    auto stamp = parse_stamp(*text);
    if (stamp) {
      folder.stamp = *std::move(stamp);
    } else {
      folder.bad_stamp = std::move(stamp.error());
      folder.bad_stamp->where = folder.root.display(kStampFile);
    }
  }
  folder.time = time_of(folder.root, folder.stamp);
  folder.boot_id = word_of(folder.root, "proc/sys/kernel/random/boot_id");
  folder.hostname = word_of(folder.root, "proc/sys/kernel/hostname");
  if (folder.hostname.empty()) folder.hostname = word_of(folder.root, "hostname");
  return folder;
}

}  // namespace

Result<std::vector<Folder>> find_folders(const std::string& path) {
  auto opened = RootedDir::open(path);
  if (!opened) return std::unexpected(std::move(opened.error()));
  auto names = opened->list("");
  if (!names) return std::unexpected(std::move(names.error()));
  std::vector<Folder> folders;
  if (auto root = root_in(*std::move(opened))) {
    folders.push_back(describe(path, *std::move(root)));
    return folders;
  }
  std::ranges::sort(*names);
  if (names->size() > kMostFolders) names->resize(kMostFolders);
  const auto top = RootedDir::open(path);
  if (!top) return std::unexpected(top.error());
  for (const std::string& name : *names) {
    auto below = top->open_dir(name);
    if (!below) continue;
    if (auto root = root_in(*std::move(below))) folders.push_back(describe(top->display(name), *std::move(root)));
  }
  if (folders.empty()) {
    return fail(Error::Kind::kNotFound, path,
                "holds neither proc/meminfo nor sos_commands nor var/log/messages, also one level down",
                "Give a folder that `leakscope record --snapshot` wrote, an unpacked sosreport or a copy of /proc");
  }
  return folders;
}

}  // namespace leakscope::sources::snapshot
