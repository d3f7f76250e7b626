#include <utility>

#include "sources/cgroupfs/cgroup_mounts.h"
#include "sources/cgroupfs/cgroup_reader.h"
#include "sources/cgroupfs/cgroup_source.h"

namespace leakscope::sources::cgroupfs {
namespace {

using model::Metric;

/// What the user wrote as a path below the hierarchy's directory: "" or "/a/b".
Result<std::string> path_below(const RootedDir& root, const Hierarchy& where, std::string_view written) {
  std::string path(written);
  if (!where.prefix.empty() && path.starts_with(where.prefix)) path.erase(0, where.prefix.size());
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (!path.starts_with('/')) path.insert(0, "/");
  if ((path + "/").find("/../") != std::string::npos) {
    return fail(Error::Kind::kUsage, std::string(written), "a cgroup's path cannot hold '..'");
  }
  for (const std::string& directory : {root.display(where.directory), "/" + where.directory}) {
    if (path == directory) return std::string();
    if (path.starts_with(directory + "/")) return path.substr(directory.size());
  }
  if (!where.base.empty()) {
    if (path == where.base) return std::string();
    if (path.starts_with(where.base + "/")) return path.substr(where.base.size());
  }
  return path == "/" ? std::string() : path;
}

void tighten(std::optional<CgroupFacts::Limit>& limit, const std::string& name, std::optional<std::int64_t> value) {
  if (value && (!limit || *value < limit->value)) limit = CgroupFacts::Limit{name, *value};
}

std::string_view parent_of(std::string_view path) { return path.substr(0, path.rfind('/')); }

}  // namespace

Result<CgroupFacts> read_cgroup(const RootedDir& root, std::string_view written) {
  const auto where = find_hierarchies(root);
  if (!where) return std::unexpected(where.error());
  const auto path = path_below(root, *where->main, written);
  if (!path) return std::unexpected(path.error());
  auto reader = CgroupReader::open(root, *where);
  if (!reader) return std::unexpected(std::move(reader.error()));
  const auto name_of = [&](std::string_view below) {
    const std::string full = where->main->base + std::string(below);
    return where->main->prefix + (full.empty() ? "/" : full);
  };
  const auto relative = [&](std::string_view file) {
    return path->empty() ? std::string(file) : path->substr(1) + "/" + std::string(file);
  };
  if (!path->empty() && !reader->directory().open_dir(path->substr(1))) {
    return fail(Error::Kind::kNotFound, reader->directory().display(path->substr(1)), "there is no such cgroup",
                "leakscope status lists the cgroups");
  }

  CgroupFacts facts;
  facts.name = name_of(*path);
  facts.version = where->main->version;
  facts.whole = where->main->whole;
  CgroupReader::Memory memory;
  bool gone = reader->read_limits(*path, memory, facts.values) == CgroupReader::Outcome::kGone;
  gone = gone || reader->read_amounts(*path, memory, facts.values) == CgroupReader::Outcome::kGone;
  if (gone) return fail(Error::Kind::kGone, reader->directory().display(relative("")), "was removed while it was read");

  for (std::string_view up = *path;; up = parent_of(up)) {
    CgroupValues limits;
    CgroupReader::Memory fresh;
    (void)reader->read_limits(up, fresh, limits);
    tighten(facts.memory_limit, name_of(up), limits.find(Metric::kCgroupMax));
    tighten(facts.swap_limit, name_of(up),
            limits.find(facts.version == 2 ? Metric::kCgroupSwapMax : Metric::kCgroupMemswMax));
    tighten(facts.pids_limit, name_of(up), limits.find(Metric::kCgroupPidsMax));
    if (up.empty()) break;
  }

  FileBuffer buffer;
  // A threaded cgroup has no list of processes (EOPNOTSUPP): its domain above has.
  const auto text = reader->directory().read(relative("cgroup.procs"), buffer);
  auto processes = text ? parse_cgroup_procs(*text, "cgroup.procs") : std::unexpected(text.error());
  if (processes) {
    facts.processes = std::move(*processes);
  } else {
    facts.trouble = std::move(processes.error());
  }
  if (auto trouble = reader->take_trouble()) facts.trouble = std::move(trouble);
  return facts;
}

}  // namespace leakscope::sources::cgroupfs
