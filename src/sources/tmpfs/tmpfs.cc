#include "sources/tmpfs/tmpfs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "sources/tmpfs/mountinfo.h"

namespace leakscope::sources::tmpfs {
namespace {

using model::Metric;

constexpr std::string_view kName = "tmpfs";
constexpr std::string_view kMountinfo = "proc/self/mountinfo";
constexpr std::int64_t kTmpfsMagic = 0x01021994;  // include/uapi/linux/magic.h
constexpr std::int64_t kHugetlbfsMagic = 0x958458f6;

bool lives_in_ram(std::string_view fs_type) {
  return fs_type == "tmpfs" || fs_type == "devtmpfs" || fs_type == "hugetlbfs" || fs_type == "ramfs" ||
         fs_type == "rootfs";
}

/// What statfs tells of a file system. A figure that it does not count is absent: mm/shmem.c shmem_statfs fills blocks
/// and files only where there is a limit, fs/hugetlbfs/inode.c blocks only where the mount has one, ramfs nothing.
struct Usage {
  bool hugetlbfs = false;
  bool counted = false;  ///< whether the file system counts at all
  std::optional<std::int64_t> used;
  std::optional<std::int64_t> files;
  std::int64_t size = 0;
};

std::optional<std::int64_t> bytes_of(std::uint64_t blocks, std::uint64_t block_size) {
  if (blocks > INT64_MAX || block_size > INT64_MAX) return std::nullopt;
  return checked_mul(static_cast<std::int64_t>(blocks), static_cast<std::int64_t>(block_size));
}

Usage usage_from(const struct statfs& fs) {
  const auto type = static_cast<std::int64_t>(static_cast<std::uint32_t>(fs.f_type));
  const auto block_size = static_cast<std::uint64_t>(fs.f_bsize);
  Usage usage;
  usage.hugetlbfs = type == kHugetlbfsMagic;
  usage.counted = type == kTmpfsMagic || usage.hugetlbfs;
  if (fs.f_blocks > 0 && fs.f_bfree <= fs.f_blocks) {
    const auto size = bytes_of(fs.f_blocks, block_size);
    if (size) {
      usage.size = *size;
      usage.used = bytes_of(fs.f_blocks - fs.f_bfree, block_size);
    }
  }
  if (fs.f_files > 0 && fs.f_ffree <= fs.f_files && fs.f_files <= INT64_MAX) {
    usage.files = static_cast<std::int64_t>(fs.f_files - fs.f_ffree);
  }
  return usage;
}

enum class Reached : std::uint8_t { kYes, kHidden, kNo };

class TmpfsSource final : public Source {
 public:
  TmpfsSource(RootedDir root, UniqueFd mountinfo) : root_(std::move(root)), mountinfo_(std::move(mountinfo)) {}

  SourceInfo info() const override {
    return {.name = kName,
            .period = {.live = std::chrono::seconds(5), .recording = std::chrono::seconds(30)},
            .may_block = true};
  }

  Result<> sample(model::SampleSink& sink) override {
    const auto text = read_whole(mountinfo_.get(), buffer_, root_.display(kMountinfo));
    if (!text) return std::unexpected(text.error());
    if (auto parsed = parse_mountinfo(*text, info_); !parsed) return parsed;
    ++round_;
    hidden_ = uncounted_ = unreachable_ = 0;
    collect_candidates();
    for (std::size_t i = 0; i < candidates_.size();) {
      const std::size_t end = end_of_device(i);
      put_device(sink, i, end);
      i = end;
    }
    if (info_.lines_left_out > 0 || info_.cut) return {};
    std::erase_if(known_, [&](const auto& entry) {
      if (entry.second.round == round_) return false;
      sink.retire(entry.second.subject);
      return true;
    });
    return {};
  }

  std::vector<model::Coverage> coverage() const override {
    model::Coverage own{.source = std::string(kName), .state = {}, .why = {}, .remedy = {}};
    const auto add = [&](std::uint32_t count, std::string_view what) {
      if (count == 0) return;
      own.state = model::Coverage::State::kPartial;
      own.why += fmt::format("{}{} {}", own.why.empty() ? "" : "; ", count, what);
    };
    add(hidden_, "hidden under another mount");
    add(uncounted_, "that keep no count (ramfs, or mounted with size=0)");
    add(unreachable_, "that could not be opened");
    add(info_.lines_left_out, "lines of mountinfo that could not be read");
    return {std::move(own)};
  }

 private:
  struct Known {
    model::SubjectId subject;
    std::string mount_point;
    std::uint64_t round = 0;
  };

  // The mounts to try, those of one device together, the whole file system before bind mounts of parts of it.
  void collect_candidates() {
    candidates_.clear();
    for (const Mount& mount : info_.rows) {
      if (lives_in_ram(mount.fs_type)) candidates_.push_back(mount);
    }
    std::ranges::sort(candidates_, {},
                      [](const Mount& mount) { return std::tuple(mount.device, mount.root != "/", mount.id); });
  }

  [[nodiscard]] std::size_t end_of_device(std::size_t first) const {
    std::size_t end = first + 1;
    while (end < candidates_.size() && candidates_[end].device == candidates_[first].device) ++end;
    return end;
  }

  Reached ask(const Mount& mount, const std::string& mount_point, Usage& usage) const {
    const std::size_t start = mount_point.find_first_not_of('/');
    const std::string relative = start == std::string::npos ? "." : mount_point.substr(start);
    // O_PATH neither triggers an automount nor asks the file system for permission.
    const UniqueFd fd(::openat(root_.fd(), relative.c_str(), O_PATH | O_CLOEXEC | O_NOFOLLOW));
    if (!fd.is_open()) return Reached::kNo;
    struct stat status{};
    if (::fstat(fd.get(), &status) != 0) return Reached::kNo;
    if (gnu_dev_major(status.st_dev) != mount.device.major || gnu_dev_minor(status.st_dev) != mount.device.minor) {
      return Reached::kHidden;
    }
    struct statfs fs{};
    if (::fstatfs(fd.get(), &fs) != 0) return Reached::kNo;
    usage = usage_from(fs);
    return Reached::kYes;
  }

  void put_device(model::SampleSink& sink, std::size_t first, std::size_t end) {
    Reached best = Reached::kNo;
    for (std::size_t i = first; i < end && best != Reached::kYes; ++i) {
      const Mount& mount = candidates_[i];
      const std::string mount_point = unescape(mount.mount_point);
      Usage usage;
      const Reached reached = ask(mount, mount_point, usage);
      if (reached == Reached::kYes) put_usage(sink, mount, mount_point, usage);
      if (reached != Reached::kNo) best = reached;
    }
    // The initial root always lies under the real one.
    if (best == Reached::kHidden && candidates_[first].fs_type != "rootfs") ++hidden_;
    if (best == Reached::kNo) ++unreachable_;
  }

  void put_usage(model::SampleSink& sink, const Mount& mount, const std::string& mount_point, const Usage& usage) {
    if (!usage.counted || !usage.used) ++uncounted_;
    if (!usage.counted) return;
    const model::SubjectId id = subject_of(sink, mount, mount_point);
    if (usage.used) sink.put(id, usage.hugetlbfs ? Metric::kHugetlbfsUsed : Metric::kTmpfsUsed, *usage.used);
    if (usage.files) sink.put(id, Metric::kTmpfsFiles, *usage.files);
    sink.put(id, Metric::kTmpfsSize, usage.size);
  }

  model::SubjectId subject_of(model::SampleSink& sink, const Mount& mount, const std::string& mount_point) {
    auto found = known_.find(mount.device);
    if (found != known_.end() && found->second.mount_point != mount_point) {
      sink.retire(found->second.subject);
      known_.erase(found);
      found = known_.end();
    }
    if (found == known_.end()) {
      release_name(sink, mount_point);
      const model::SubjectId id = sink.registry().intern(model::SubjectInfo{
          .key = {.kind = model::SubjectKind::kTmpfs, .name = mount_point},
          .detail = fmt::format("device {}:{}, {}", mount.device.major, mount.device.minor, mount.fs_type)});
      found = known_.emplace(mount.device, Known{id, mount_point}).first;
    }
    found->second.round = round_;
    return found->second.subject;
  }

  // Another file system was seen at this place before: it is gone or hidden, and the place means the new one now.
  void release_name(model::SampleSink& sink, const std::string& mount_point) {
    std::erase_if(known_, [&](const auto& entry) {
      if (entry.second.mount_point != mount_point) return false;
      sink.retire(entry.second.subject);
      return true;
    });
  }

  RootedDir root_;
  UniqueFd mountinfo_;
  FileBuffer buffer_;
  Mountinfo info_;
  std::vector<Mount> candidates_;
  std::map<Device, Known> known_;
  std::uint64_t round_ = 0;
  std::uint32_t hidden_ = 0;
  std::uint32_t uncounted_ = 0;
  std::uint32_t unreachable_ = 0;
};

}  // namespace

Result<std::unique_ptr<Source>> open_tmpfs(const RootedDir& root) {
  if (!root.is_live()) {
    return fail(Error::Kind::kUnsupported, root.path(), "statfs can only be asked of the live machine");
  }
  auto mountinfo = root.open_file(kMountinfo);
  if (!mountinfo) return std::unexpected(std::move(mountinfo.error()));
  auto own_root = root.open_dir("");
  if (!own_root) return std::unexpected(std::move(own_root.error()));
  return std::make_unique<TmpfsSource>(std::move(*own_root), std::move(*mountinfo));
}

}  // namespace leakscope::sources::tmpfs
