#include "sources/cgroupfs/cgroup_reader.h"

#include <algorithm>
#include <ranges>
#include <span>
#include <utility>

namespace leakscope::sources::cgroupfs {

using model::Metric;

struct CgroupReader::File {
  enum class Form : std::uint8_t { kAmount, kStat, kEvents, kCgroupStat, kOomControl };

  std::string_view name;
  Form form = Form::kAmount;
  Metric metric{};       ///< for kAmount
  bool limit = false;    ///< changes seldom: read with the limits
  bool of_pids = false;  ///< v1: stands in the hierarchy of the pids controller
};

constexpr std::array<CgroupReader::File, 10> CgroupReader::kFilesV2{{
    {"memory.current", File::Form::kAmount, Metric::kCgroupCurrent},
    {"memory.stat", File::Form::kStat},
    {"memory.events", File::Form::kEvents},
    {"memory.swap.current", File::Form::kAmount, Metric::kCgroupSwapCurrent},
    {"cgroup.stat", File::Form::kCgroupStat},
    {"pids.current", File::Form::kAmount, Metric::kCgroupPidsCurrent},
    {"memory.max", File::Form::kAmount, Metric::kCgroupMax, true},
    {"memory.high", File::Form::kAmount, Metric::kCgroupHigh, true},
    {"memory.swap.max", File::Form::kAmount, Metric::kCgroupSwapMax, true},
    {"pids.max", File::Form::kAmount, Metric::kCgroupPidsMax, true},
}};

// kmem.usage has been part of memory.usage since 4.5; kmem.tcp stands beside it, as `sock` does beside `kernel` in v2.
constexpr std::array<CgroupReader::File, 11> CgroupReader::kFilesV1{{
    {"memory.usage_in_bytes", File::Form::kAmount, Metric::kCgroupCurrent},
    {"memory.stat", File::Form::kStat},
    {"memory.oom_control", File::Form::kOomControl},
    {"memory.failcnt", File::Form::kAmount, Metric::kCgroupEventsMax},
    {"memory.memsw.usage_in_bytes", File::Form::kAmount, Metric::kCgroupMemsw},
    {"memory.kmem.usage_in_bytes", File::Form::kAmount, Metric::kCgroupKernel},
    {"memory.kmem.tcp.usage_in_bytes", File::Form::kAmount, Metric::kCgroupSock},
    {"pids.current", File::Form::kAmount, Metric::kCgroupPidsCurrent, false, true},
    {"memory.limit_in_bytes", File::Form::kAmount, Metric::kCgroupMax, true},
    {"memory.memsw.limit_in_bytes", File::Form::kAmount, Metric::kCgroupMemswMax, true},
    {"pids.max", File::Form::kAmount, Metric::kCgroupPidsMax, true, true},
}};

Result<CgroupReader> CgroupReader::open(const RootedDir& root, const Hierarchies& where) {
  if (!where.main) return fail(Error::Kind::kNotFound, root.path(), "no cgroup hierarchy");
  auto main = root.open_dir(where.main->directory);
  if (!main) return std::unexpected(std::move(main.error()));
  std::optional<RootedDir> pids;
  if (where.pids) {
    if (auto opened = root.open_dir(where.pids->directory)) pids = std::move(*opened);
  }
  return CgroupReader(where.main->version, std::move(*main), std::move(pids));
}

std::size_t CgroupReader::descriptors_per_cgroup() const {
  constexpr auto kAmounts = [](const auto& files) {
    return static_cast<std::size_t>(std::ranges::count(files, false, &File::limit));
  };
  static_assert(kAmounts(kFilesV2) <= kMostFiles && kAmounts(kFilesV1) <= kMostFiles);
  return version_ == 2 ? kAmounts(kFilesV2) : kAmounts(kFilesV1);
}

CgroupReader::Outcome CgroupReader::read_amounts(std::string_view path, Memory& memory, CgroupValues& out) {
  return read_files(path, memory, false, out);
}

CgroupReader::Outcome CgroupReader::read_limits(std::string_view path, Memory& memory, CgroupValues& out) {
  memory.absent = 0;
  return read_files(path, memory, true, out);
}

CgroupReader::Outcome CgroupReader::read_files(std::string_view path, Memory& memory, bool limits, CgroupValues& out) {
  const auto files = version_ == 2 ? std::span<const File>(kFilesV2) : std::span<const File>(kFilesV1);
  for (std::size_t slot = 0; slot < files.size(); ++slot) {
    const File& file = files[slot];
    const std::uint32_t bit = 1U << slot;
    if (file.limit != limits || (memory.absent & bit) != 0 || (file.of_pids && !pids_)) continue;
    const auto text = read_file(file, slot, path, memory);
    if (text) {
      parse(file, path, *text, out);
    } else if (text.error().kind == Error::Kind::kNotFound) {
      memory.absent |= bit;
    } else if (text.error().kind == Error::Kind::kGone) {
      return Outcome::kGone;
    } else {
      note(text.error(), path);
    }
  }
  return Outcome::kRead;
}

Result<std::string_view> CgroupReader::read_file(const File& file, std::size_t slot, std::string_view path,
                                                 Memory& memory) {
  const bool hold = memory.hold && !file.limit;
  if (hold && memory.held[slot].is_open()) return read_whole(memory.held[slot].get(), buffer_, file.name);
  name_.assign(path.starts_with('/') ? path.substr(1) : path);
  if (!name_.empty()) name_ += '/';
  name_ += file.name;
  auto fd = (file.of_pids ? *pids_ : main_).open_file(name_);
  if (!fd) return std::unexpected(std::move(fd.error()));
  const auto text = read_whole(fd->get(), buffer_, file.name);
  if (hold && text) memory.held[slot] = std::move(*fd);
  return text;
}

void CgroupReader::parse(const File& file, std::string_view path, std::string_view text, CgroupValues& out) {
  Result<> parsed;
  switch (file.form) {
    case File::Form::kStat:
      parsed = version_ == 2 ? parse_memory_stat_v2(text, file.name, out) : parse_memory_stat_v1(text, file.name, out);
      break;
    case File::Form::kEvents:
      parsed = parse_memory_events(text, file.name, out);
      break;
    case File::Form::kCgroupStat:
      parsed = parse_cgroup_stat(text, file.name, out);
      break;
    case File::Form::kOomControl:
      parsed = parse_oom_control(text, file.name, out);
      break;
    case File::Form::kAmount:
      if (auto amount = parse_amount(text, file.name); !amount) {
        parsed = std::unexpected(std::move(amount.error()));
      } else if (*amount) {
        out.put(file.metric, **amount);
      }
      break;
  }
  if (!parsed) note(std::move(parsed.error()), path);
}

void CgroupReader::note(Error error, std::string_view path) {
  if (trouble_) return;
  if (!error.where.starts_with('/')) {
    error.where = main_.display(path.empty() ? error.where : std::string(path.substr(1)) + "/" + error.where);
  }
  trouble_ = std::move(error);
}

}  // namespace leakscope::sources::cgroupfs
