#include "sources/cgroupfs/cgroup_mounts.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::cgroupfs {
namespace {

constexpr std::string_view kWhere = "/proc/self/mountinfo";

/// "\040" for a blank, and the like (fs/seq_file.c mangle_path).
std::string undo_octal_escapes(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    if (text.front() == '\\' && text.size() >= 4) {
      if (const auto byte = parse_number<std::uint8_t>(text.substr(1, 3), 8)) {
        plain += static_cast<char>(*byte);
        text.remove_prefix(4);
        continue;
      }
    }
    plain += text.front();
    text.remove_prefix(1);
  }
  return plain;
}

std::vector<std::string> split_words(std::string_view list) {
  std::vector<std::string> words;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    words.emplace_back(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return words;
}

bool has(const CgroupMount& mount, std::string_view controller) {
  return std::ranges::find(mount.controllers, controller) != mount.controllers.end();
}

/// Of several mounts of a hierarchy (containers' own among them) the one that shows most of it.
const CgroupMount* best_mount(const std::vector<CgroupMount>& mounts, bool unified, std::string_view controller) {
  const CgroupMount* best = nullptr;
  for (const CgroupMount& mount : mounts) {
    if (mount.unified != unified || (!unified && !has(mount, controller))) continue;
    if (best == nullptr || (best->root != "/" && mount.root == "/")) best = &mount;
  }
  return best;
}

Hierarchy describe(const RootedDir& root, bool unified, std::string prefix, std::string directory,
                   std::string_view part) {
  Hierarchy found;
  found.version = unified ? 2 : 1;
  found.prefix = std::move(prefix);
  found.directory = std::move(directory);
  // In a cgroup namespace the kernel writes paths above its root as "/..": such a name says nothing.
  if (part != "/" && part.find("/..") == std::string_view::npos) found.base = part;
  // Files that exist on the true root only (v1) and everywhere but there (v2): CFTYPE_ONLY_ON_ROOT, CFTYPE_NOT_ON_ROOT.
  found.whole =
      unified ? !root.exists(found.directory + "/cgroup.events") : root.exists(found.directory + "/release_agent");
  return found;
}

std::optional<Hierarchy> from_mounts(const RootedDir& root, const std::vector<CgroupMount>& mounts, bool unified,
                                     const std::string& controller) {
  const CgroupMount* mount = best_mount(mounts, unified, controller);
  if (mount == nullptr || mount->mount_point.size() < 2) return std::nullopt;
  std::string directory = mount->mount_point.substr(1);
  if (!root.exists(directory)) return std::nullopt;
  return describe(root, unified, unified ? "" : controller + ":", std::move(directory), mount->root);
}

std::optional<Hierarchy> from_presence(const RootedDir& root, bool unified, const std::string& controller) {
  if (unified) {
    for (const char* directory : {"sys/fs/cgroup", "sys/fs/cgroup/unified"}) {
      if (root.exists(std::string(directory) + "/cgroup.controllers")) return describe(root, true, "", directory, "/");
    }
    return std::nullopt;
  }
  std::string directory = "sys/fs/cgroup/" + controller;
  if (!root.exists(directory)) return std::nullopt;
  return describe(root, false, controller + ":", std::move(directory), "/");
}

}  // namespace

Result<std::vector<CgroupMount>> parse_cgroup_mounts(std::string_view mountinfo) {
  constexpr std::string_view kSeparator = " - ";
  std::vector<CgroupMount> mounts;
  LineCursor lines(mountinfo);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      return std::unexpected(
          Error{Error::Kind::kTruncated, std::string(kWhere), lines.number(), "ends in the middle of a line", {}});
    }
    const std::size_t separator = line->find(kSeparator);
    if (separator == std::string_view::npos) continue;
    FieldCursor behind(line->substr(separator + kSeparator.size()));
    const auto type = behind.next();
    if (type != "cgroup" && type != "cgroup2") continue;
    (void)behind.next();  // the source: any word
    const auto options = behind.next();

    FieldCursor before(line->substr(0, separator));
    for (int i = 0; i < 3; ++i) (void)before.next();
    const auto part = before.next();
    const auto mount_point = before.next();
    if (!options || !part || !mount_point || !mount_point->starts_with('/')) {
      return malformed(std::string(kWhere), lines.number(),
                       "want 'id parent major:minor root mount-point options - cgroup source options'");
    }
    mounts.push_back(
        {type == "cgroup2", undo_octal_escapes(*mount_point), undo_octal_escapes(*part), split_words(*options)});
  }
  return mounts;
}

Result<Hierarchies> find_hierarchies(const RootedDir& root) {
  FileBuffer buffer;
  std::vector<CgroupMount> mounts;
  if (const auto text = root.read("proc/self/mountinfo", buffer)) {
    if (auto parsed = parse_cgroup_mounts(*text)) mounts = std::move(*parsed);
  }
  const auto find = [&](bool unified, const std::string& controller) {
    auto found = from_mounts(root, mounts, unified, controller);
    // Mounts that are known decide: below a v2 hierarchy "memory" and "pids" are names like any other.
    return found || !mounts.empty() ? found : from_presence(root, unified, controller);
  };
  Hierarchies found;
  found.main = find(false, "memory");
  if (!found.main) found.main = find(true, "");
  auto pids = find(false, "pids");
  if (!found.main) {
    found.main = std::move(pids);
  } else {
    found.pids = std::move(pids);
  }
  if (!found.main) {
    return fail(Error::Kind::kNotFound, root.display("sys/fs/cgroup"), "no cgroup hierarchy is mounted",
                "mount -t cgroup2 none /sys/fs/cgroup");
  }
  return found;
}

}  // namespace leakscope::sources::cgroupfs
